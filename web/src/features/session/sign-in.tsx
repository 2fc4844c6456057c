import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/http";
import { sessionQuery, signIn } from "@/api/session";
import { useMessageOf } from "@/features/failure";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { Wordmark } from "@/ui/wordmark";
import { safeNext } from "./next";
import styles from "./session.module.css";

/** Signs in by API key, or at once by the token of a sign-in link. */
export function SignInPage({ token, next }: { token?: string; next?: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const messageOf = useMessageOf();
  const [key, setKey] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(token !== undefined);
  const used = useRef<string | null>(null);

  const enter = async (secret: { api_key: string } | { token: string }) => {
    setBusy(true);
    setProblem(null);
    try {
      await signIn(client, secret).catch(async (error) => {
        // A used link does no harm to whoever is signed in already.
        if (!("token" in secret)) throw error;
        return client.fetchQuery(sessionQuery).catch(() => Promise.reject(error));
      });
      await navigate({ href: safeNext(next), replace: true });
    } catch (error) {
      const refused = error instanceof ApiError && [400, 401, 403, 404].includes(error.status);
      const words = "token" in secret ? t("signIn.expired") : t("signIn.wrong");
      setProblem(refused ? words : messageOf(error));
      setBusy(false);
    }
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: a token is used once
  useEffect(() => {
    if (!token || used.current === token) return;
    used.current = token;
    // A link that signs in must not stay in the history or go out as a referrer.
    navigate({ to: "/signin", search: next ? { next } : {}, replace: true });
    void enter({ token });
  }, [token]);

  return (
    <main className={styles.page}>
      <Trajectory />
      <form
        className={styles.card}
        onSubmit={(event) => {
          event.preventDefault();
          if (key.trim() !== "") void enter({ api_key: key.trim() });
        }}
      >
        <Wordmark size={36} />
        <p className={styles.tagline}>{t("signIn.tagline")}</p>
        <h1>{t("signIn.title")}</h1>
        <Field label={t("signIn.key")} hint={t("signIn.lead")} error={problem}>
          {(id) => (
            <Input
              id={id}
              type="password"
              mono
              autoFocus
              invalid={problem !== null}
              value={key}
              onChange={(event) => setKey(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" variant="primary" busy={busy} disabled={key.trim() === ""}>
          {busy ? t("signIn.working") : t("signIn.submit")}
        </Button>
        <p className={styles.where}>{t("signIn.where")}</p>
      </form>
    </main>
  );
}

/** Falling loss curves, faint behind the card. */
function Trajectory() {
  const curve = (index: number) => {
    const top = 120 + index * 46;
    const bottom = 560 + index * 34;
    return `M-20 ${top} C 180 ${top + 20}, 240 ${bottom}, 520 ${bottom - 16} S 1100 ${bottom + 40}, 1460 ${bottom + 26}`;
  };
  return (
    <svg
      className={styles.curves}
      viewBox="0 0 1440 900"
      preserveAspectRatio="xMidYMid slice"
      aria-hidden="true"
    >
      {[0, 1, 2, 3, 4].map((index) => (
        <path key={index} d={curve(index)} style={{ opacity: 0.5 - index * 0.08 }} />
      ))}
    </svg>
  );
}
