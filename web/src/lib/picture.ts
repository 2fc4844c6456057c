/** Up to this many pixels a side, a picture is looked at pixel by pixel: digits, filters, maps. */
const TINY = 64;
/** How large a tiny picture is drawn, in CSS pixels, and by how much it grows at most. */
const DRAWN = 208;
const MOST = 16;

/**
 * How many times its own size a picture is drawn. Tiny ones grow by a whole number, so that their
 * pixels stay squares; others are never drawn larger than they are, which would only blur them.
 */
export function enlargement(width: number, height: number): number {
  const side = Math.max(width, height);
  if (side <= 0 || side > TINY) return 1;
  return Math.min(MOST, Math.floor(DRAWN / side));
}
