import { useSearch } from "@tanstack/react-router";
import { SignInPage } from "@/features/session/sign-in";

export function SignIn() {
  const { token, next } = useSearch({ from: "/signin" });
  return <SignInPage token={token} next={next} />;
}
