export type Smoothing =
  | { kind: "none" }
  /** Debiased exponential mean; `weight` in [0, 1), as users of TensorBoard and W&B know it. */
  | { kind: "ema"; weight: number }
  /** Mean over a centred window of that many points. */
  | { kind: "mean"; window: number }
  /** Gaussian kernel; `sigma` in points. */
  | { kind: "gaussian"; sigma: number };
