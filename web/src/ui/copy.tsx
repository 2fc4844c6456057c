import { useState } from "react";
import { Button, IconButton } from "./button";

/** Puts text on the clipboard, also where the page is served without TLS. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

export function CopyButton({
  text,
  label,
  done,
  wide = false,
}: {
  text: string;
  label: string;
  done: string;
  wide?: boolean;
}) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(text);
    setCopied(true);
    window.setTimeout(() => setCopied(false), 1500);
  };
  if (wide) {
    return (
      <Button icon={copied ? "check" : "copy"} onClick={copy}>
        {copied ? done : label}
      </Button>
    );
  }
  return (
    <IconButton
      icon={copied ? "check" : "copy"}
      label={copied ? done : label}
      size="s"
      onClick={copy}
    />
  );
}
