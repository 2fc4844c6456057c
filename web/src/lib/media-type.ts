const types: Record<string, string> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  bmp: "image/bmp",
  wav: "audio/wav",
  mp3: "audio/mpeg",
  ogg: "audio/ogg",
  flac: "audio/flac",
  mp4: "video/mp4",
  webm: "video/webm",
};

/** What a browser needs to know to draw or play a file; empty for others. */
export function mediaType(path: string): string {
  return types[path.split(".").at(-1)?.toLowerCase() ?? ""] ?? "";
}
