import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { en } from "./en";

export const languages = ["en", "ja"] as const;
export type Language = (typeof languages)[number];

/** Each language is named in itself. */
export const languageNames: Record<Language, string> = { en: "English", ja: "日本語" };

const STORAGE_KEY = "kiseki.language";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof en };
  }
}

function preferred(): Language {
  const wanted = [localStorage.getItem(STORAGE_KEY), ...navigator.languages];
  for (const tag of wanted) {
    const found = languages.find((language) => tag?.toLowerCase().startsWith(language));
    if (found) return found;
  }
  return "en";
}

async function load(language: Language): Promise<void> {
  if (language === "ja" && !i18next.hasResourceBundle("ja", "translation")) {
    const { ja } = await import("./ja");
    i18next.addResourceBundle("ja", "translation", ja);
  }
}

export async function startLanguage(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    resources: { en: { translation: en } },
    interpolation: { escapeValue: false },
  });
  await showLanguage(preferred());
}

async function showLanguage(language: Language): Promise<void> {
  await load(language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

export async function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(STORAGE_KEY, language);
  await showLanguage(language);
}
