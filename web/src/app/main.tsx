import "@/ui/tokens.css";
import "@/ui/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startTheme } from "@/lib/theme";

startTheme();
const root = document.getElementById("root");
if (root) createRoot(root).render(<StrictMode>Kiseki</StrictMode>);
