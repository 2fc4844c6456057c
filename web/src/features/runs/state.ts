import { useTranslation } from "react-i18next";
import { isRunState } from "@/ui/chip";

/** Words for a run's state. */
export function useStateLabel(): (state: string) => string {
  const { t } = useTranslation();
  return (state) => (isRunState(state) ? t(`state.${state}`) : state);
}
