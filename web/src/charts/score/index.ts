export { Histogram } from "./Histogram";
export { Intervals } from "./Intervals";
export { Radar } from "./Radar";
