export { Explore } from "./Explore";
export type { ExploreHandle, ExploreOption } from "./types";
