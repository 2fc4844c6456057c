/** Shown until somebody writes another one. */
export const usualSpec = JSON.stringify(
  {
    data: { name: "runs" },
    mark: { type: "point", filled: true, tooltip: true },
    encoding: {
      x: { field: "duration", type: "quantitative", title: "duration (s)" },
      y: { field: "name", type: "nominal" },
      color: { field: "color", type: "nominal", scale: null },
    },
  },
  null,
  2,
);
