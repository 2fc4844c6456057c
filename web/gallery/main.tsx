import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { ChartEnvironment } from "@/charts/environment";
import type { Locale } from "@/lib/time";
import { Gallery } from "./Gallery";
import "@/ui/tokens.css";
import "@/ui/base.css";
import "./gallery.css";

const query = new URLSearchParams(location.search);
const theme = query.get("theme") ?? "light";
document.documentElement.dataset.theme = theme;

function App() {
  const [locale, setLocale] = useState<Locale>(query.get("lang") === "ja" ? "ja" : "en");
  document.documentElement.lang = locale;
  return (
    <ChartEnvironment locale={locale} timeZone="Asia/Tokyo">
      <header>
        <h1>Charts</h1>
        <button type="button" onClick={() => setLocale(locale === "en" ? "ja" : "en")}>
          {locale === "en" ? "日本語" : "English"}
        </button>
        <a href={`?theme=${theme === "dark" ? "light" : "dark"}&lang=${locale}`}>
          {theme === "dark" ? "Light" : "Dark"}
        </a>
      </header>
      <Gallery />
    </ChartEnvironment>
  );
}

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
