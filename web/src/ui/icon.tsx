const paths = {
  search: "M11 11l3.5 3.5M12.5 7a5.5 5.5 0 1 1-11 0 5.5 5.5 0 0 1 11 0z",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  check: "M3 8.5l3.2 3.2L13 4.8",
  plus: "M8 3v10M3 8h10",
  chevronDown: "M4 6l4 4 4-4",
  chevronRight: "M6 4l4 4-4 4",
  chevronLeft: "M10 4L6 8l4 4",
  arrowDown: "M8 3v10M4 9l4 4 4-4",
  arrowUp: "M8 13V3M4 7l4-4 4 4",
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM10 8a2 2 0 1 1-4 0 2 2 0 0 1 4 0z",
  eyeOff:
    "M2 2l12 12M6.5 3.7A6.4 6.4 0 0 1 8 3.5c4 0 6.5 4.5 6.5 4.5a11 11 0 0 1-2 2.5M4.2 4.8A10.7 10.7 0 0 0 1.5 8S4 12.5 8 12.5c1.1 0 2.1-.3 3-.8M6.6 6.7a2 2 0 0 0 2.7 2.7",
  projects: "M2 3.5h5v5H2zM9 3.5h5v5H9zM2 10.5h5v3H2zM9 10.5h5v3H9z",
  chart: "M2 2.5v11h12M4.5 10.5c2-6 3.5-6 5-3s2.5 1 4-3.5",
  table: "M2 3h12v10H2zM2 6.5h12M2 10h12M6.5 3v10",
  settings:
    "M8 1.5l5.6 3.25v6.5L8 14.5l-5.6-3.25v-6.5zM10.3 8a2.3 2.3 0 1 1-4.6 0 2.3 2.3 0 0 1 4.6 0z",
  key: "M9.5 6.5a3 3 0 1 1-6 0 3 3 0 0 1 6 0zM8.6 8.6L14 14M11.5 11.5l1.5-1.5",
  sun: "M10.8 8a2.8 2.8 0 1 1-5.6 0 2.8 2.8 0 0 1 5.6 0zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1",
  moon: "M13.5 9.8A6 6 0 0 1 6.2 2.5a6 6 0 1 0 7.3 7.3z",
  monitor: "M2 3h12v8H2zM6 14h4M8 11v3",
  globe:
    "M14.5 8a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0zM1.5 8h13M8 1.5c2 2 2.7 4.3 2.7 6.5S10 12.5 8 14.5C6 12.5 5.3 10.2 5.3 8S6 3.5 8 1.5z",
  user: "M10.8 5a2.8 2.8 0 1 1-5.6 0 2.8 2.8 0 0 1 5.6 0zM2.5 14c.5-3 2.7-4.5 5.5-4.5s5 1.5 5.5 4.5",
  signOut: "M6.5 2.5h-4v11h4M6.5 8h8M11.5 5l3 3-3 3",
  menu: "M2 4h12M2 8h12M2 12h12",
  sidebar: "M2 3h12v10H2zM6 3v10",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  filter: "M2 3.5h12L9.5 8.8v4.2l-3-1.5V8.8z",
  sort: "M4.5 3v10M2 10.5L4.5 13 7 10.5M9 4h5M9 8h4M9 12h2.5",
  columns: "M2 3h12v10H2zM6 3v10M10 3v10",
  download: "M8 2v8M4.5 7L8 10.5 11.5 7M2.5 13.5h11",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  trash: "M2.5 4h11M6 4V2.5h4V4M4 4l.6 9.5h6.8L12 4M6.5 6.5v4.5M9.5 6.5v4.5",
  edit: "M3 13l.7-3L10.5 3.2l2.3 2.3L6 12.3zM9 4.7L11.3 7",
  stop: "M4 4h8v8H4z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3l8 5-8 5z",
  expand: "M9.5 2.5h4v4M6.5 13.5h-4v-4M13.5 2.5L9 7M2.5 13.5L7 9",
  refresh: "M13.5 3v3.5H10M2.5 13V9.5H6M13 6.5A5.5 5.5 0 0 0 3.5 5M3 9.5A5.5 5.5 0 0 0 12.5 11",
  warning: "M8 2l6.5 11.5h-13zM8 6.5v3.2M8 11.7h.01",
  info: "M14.5 8a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0zM8 7.3v4M8 4.8h.01",
  file: "M3.5 1.5h6l3 3v10h-9zM9.5 1.5v3h3",
  folder: "M1.5 3.5h4.5l1.5 2h7v8h-13z",
  terminal: "M2 3h12v10H2zM4.5 6l2 2-2 2M8 10.5h3.5",
  cpu: "M4 4h8v8H4zM6.5 6.5h3v3h-3zM6 1.5V4M10 1.5V4M6 12v2.5M10 12v2.5M1.5 6H4M1.5 10H4M12 6h2.5M12 10h2.5",
  overview: "M2.5 2.5h11v11h-11zM5 5.5h6M5 8h6M5 10.5h3.5",
  bolt: "M9 1.5L3.5 9H8l-1 5.5L12.5 7H8z",
  skull:
    "M8 1.5a5.5 5.5 0 0 0-5.5 5.5c0 2 1 3.3 2 4v2.5h7V11c1-.7 2-2 2-4A5.5 5.5 0 0 0 8 1.5zM6 7.5h.01M10 7.5h.01M8 11v2.5",
  ban: "M14.5 8a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0zM3.5 3.5l9 9",
  clock: "M14.5 8a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0zM8 4.5V8l2.5 1.5",
  tag: "M2 2h5.5L14 8.5 8.5 14 2 7.5zM5 5h.01",
  branch:
    "M4.5 5.5v5M4.5 10.5a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4zM4.5 2a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4zM11.5 2a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4zM11.5 5.5c0 3-7 2-7 4.5",
  help: "M14.5 8a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0zM6 6.2c.2-2.7 4-2.4 4 0 0 1.5-2 1.5-2 3M8 11.5h.01",
  sliders:
    "M2 4.5h6M12 4.5h2M2 11.5h2M8 11.5h6M12 4.5a2 2 0 1 1-4 0 2 2 0 0 1 4 0zM8 11.5a2 2 0 1 1-4 0 2 2 0 0 1 4 0z",
  layers: "M8 1.800l6 3.200-6 3.200-6-3.200zM2 8l6 3.200 6-3.200M2 11l6 3.200 6-3.200",
  chat: "M2 3h12v8H8l-3.500 2.800V11H2z",
  box: "M8 1.8l5.8 3v6.4L8 14.2l-5.8-3V4.8zM2.2 4.8L8 7.8l5.8-3M8 7.8v6.4",
  registry: "M2.5 6h11v7.5h-11zM3.5 3.8h9M4.8 1.8h6.4M6 8.8h4",
  link: "M6.6 9.4l2.8-2.8M7.2 4.8l1.5-1.5a2.8 2.8 0 0 1 4 4l-1.5 1.5M8.8 11.2l-1.5 1.5a2.8 2.8 0 0 1-4-4l1.5-1.5",
  lock: "M3.5 7h9v6.5h-9zM5.5 7V5a2.5 2.5 0 0 1 5 0v2",
  compare: "M6.5 2.5h-4v11h4M9.5 2.5h4v11h-4M8 1v14",
  graph:
    "M5 8a1.8 1.8 0 1 1-3.6 0A1.8 1.8 0 0 1 5 8zM14.6 3.5a1.8 1.8 0 1 1-3.6 0 1.8 1.8 0 0 1 3.6 0zM14.6 12.5a1.8 1.8 0 1 1-3.6 0 1.8 1.8 0 0 1 3.6 0zM4.7 7.2l6.4-3M4.7 8.8l6.4 3",
  minus: "M3 8h10",
  external: "M7 3H3v10h10V9M9.5 2.5h4v4M13.5 2.5L7.5 8.5",
  views: "M2 3h12v3H2zM2 8.5h5v4.5H2zM9.5 8.5H14V13H9.5z",
  save: "M2.5 2.5h9l2 2v9h-11zM5 2.5v3.5h5V2.5M5 13.5V9h6v4.5",
  undo: "M5.5 3L2.5 6l3 3M2.5 6h7a4 4 0 0 1 0 8H6",
  redo: "M10.5 3l3 3-3 3M13.5 6h-7a4 4 0 0 0 0 8H10",
  star: "M8 1.8l1.9 4 4.3.6-3.1 3 .8 4.3L8 11.6l-3.9 2.1.8-4.3-3.1-3 4.3-.6z",
  pin: "M5.5 2h5l-.7 5 2.2 2.5H4L6.2 7zM8 9.5V14",
  grip: "M6 3.500h.01M6 8h.01M6 12.500h.01M10 3.500h.01M10 8h.01M10 12.500h.01",
  group: "M2 3h5v4H2zM2 9h5v4H2zM9.5 5H14M9.5 11H14",
  palette:
    "M8 1.500a6.5 6.5 0 0 0 0 13c1.5 0 1.5-1 1.2-2-.4-1.2.3-2 1.5-2h1.600c1.3 0 2.2-1 2.2-2.5 0-3.6-2.9-6.5-6.5-6.500zM5 8h.01M6.5 5h.01M10 5h.01",
  sigma: "M12 4V2.500H4L8.5 8 4 13.500h8V12",
  move: "M2 8h9M8 5l3 3-3 3M14 3v10",
} as const;

export type IconName = keyof typeof paths;

/** A line icon on a 16 px grid; decorative, so name its button instead. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === "more" ? 2.2 : 1.4}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      style={{ flex: "none" }}
    >
      <path d={paths[name]} />
    </svg>
  );
}
