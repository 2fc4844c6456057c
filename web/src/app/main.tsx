import "@/ui/tokens.css";
import "@/ui/base.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createQueryClient } from "@/api/client";
import { sessionKeys } from "@/api/session";
import { startLanguage } from "@/lib/i18n";
import { startTheme } from "@/lib/theme";
import type { Params } from "@/lib/view";
import { Toasts } from "@/ui/toast";
import { TooltipProvider } from "@/ui/tooltip";
import { createAppRouter, loadPages } from "./router";

/** The session ended elsewhere: sign in again and come back to this page. */
function onSignedOut() {
  const { pathname, href } = router.state.location;
  if (pathname === "/signin") return;
  client.removeQueries({ queryKey: sessionKeys.current });
  router.navigate({
    to: "/signin",
    search: href === "/" ? {} : ({ next: href } as Params),
    replace: true,
  });
}

const client = createQueryClient(onSignedOut);
const router = createAppRouter(client);

startTheme();
await startLanguage();
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <TooltipProvider>
          <RouterProvider router={router} />
          <Toasts />
        </TooltipProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
void loadPages(client);
