import type { PanelOptions } from "@/lib/workspace-layout";

export const textOption = (options: PanelOptions, name: string, otherwise = ""): string => {
  const value = options[name];
  return typeof value === "string" ? value : otherwise;
};

export const truthOption = (options: PanelOptions, name: string): boolean => options[name] === true;

export const listOption = (options: PanelOptions, name: string): string[] => {
  const value = options[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
};
