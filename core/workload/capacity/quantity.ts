/** Amounts as Kubernetes writes them: `100m`, `1.5Gi`, `2`, `1e3`. Counted in thousandths, so that sums of them are exact. */

const factors: Readonly<Record<string, number>> = {
  ...{ n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
};

/** Thousandths of the unit, rounded up; null: it is no amount. */
export function milliOf(quantity: string | number): number | null {
  const [, number, suffix = ''] =
    /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([A-Za-z]*)$/.exec(String(quantity)) ?? [];
  const factor = factors[suffix];
  if (number === undefined || factor === undefined) return null;
  // Rounded first: 0.1 has no exact binary form.
  const milli = Number((Number(number) * factor * 1_000).toPrecision(15));
  return Math.ceil(milli);
}

/** `1500m`, `2`, `3Gi`: the shortest exact form. */
export function quantityText(milli: number): string {
  if (milli % 1_000 !== 0) return `${String(milli)}m`;
  const whole = milli / 1_000;
  const binary = ['Ti', 'Gi', 'Mi', 'Ki'].find((unit) => whole !== 0 && whole % (factors[unit] ?? 1) === 0);
  return binary === undefined ? String(whole) : `${String(whole / (factors[binary] ?? 1))}${binary}`;
}
