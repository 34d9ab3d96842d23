/** Label selectors as policy/v1 reads them. Pure. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** No selector selects nothing, an empty one everything. An operator that is not known selects nothing. */
export function matchesSelector(
  selector: LabelSelector | null | undefined,
  podLabels: Readonly<Record<string, string>>,
): boolean {
  if (selector === undefined || selector === null) return false;
  const { matchLabels = {}, matchExpressions = [] } = selector;
  const equal = Object.entries(matchLabels).every(([key, value]) => podLabels[key] === value);
  return equal && matchExpressions.every((one) => holds(one, podLabels[one.key]));
}

type Expression = NonNullable<LabelSelector['matchExpressions']>[number];

/** `NotIn` holds also where the label is absent. */
function holds({ operator, values = [] }: Expression, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}
