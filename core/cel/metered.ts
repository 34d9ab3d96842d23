/** An expression that pays for its work: what loops, makes or compares is wrapped in a call of the meter. */
import type { parse } from '@bufbuild/cel';
import { meterNames } from './meter.ts';

export type CelExpr = NonNullable<ReturnType<typeof parse>['expr']>;
type Kind<C extends CelExpr['exprKind']['case']> = Extract<CelExpr['exprKind'], { case: C }>;
type Call = Kind<'callExpr'>['value'];
type Loop = Kind<'comprehensionExpr'>['value'];

/** Calls that look at everything in their arguments. */
const comparing: ReadonlySet<string> = new Set(['_==_', '_!=_', '@in', '_in_']);
/** Calls whose work does not grow with their arguments. */
const free: ReadonlySet<string> = new Set([
  '_&&_',
  '_||_',
  '!_',
  '_?_:_',
  '_[_]',
  '_[?_]',
  '_?._',
  '@not_strictly_false',
  '__not_strictly_false__',
]);

/** The place of what is wrapped is kept: an error names it. */
const wrapped = (name: string, expr: CelExpr): CelExpr => ({
  ...expr,
  exprKind: {
    case: 'callExpr',
    value: { $typeName: 'cel.expr.Expr.Call', function: name, args: [expr] },
  },
});

export function metered(expr: CelExpr): CelExpr {
  const { exprKind } = expr;
  switch (exprKind.case) {
    case 'callExpr':
      return meteredCall(expr, exprKind.value);
    case 'comprehensionExpr':
      return { ...expr, exprKind: { ...exprKind, value: meteredLoop(exprKind.value) } };
    case 'selectExpr':
      return { ...expr, exprKind: { ...exprKind, value: { ...exprKind.value, ...operandOf(exprKind.value) } } };
    case 'listExpr':
      return {
        ...expr,
        exprKind: { ...exprKind, value: { ...exprKind.value, elements: exprKind.value.elements.map(metered) } },
      };
    case 'structExpr':
      return {
        ...expr,
        exprKind: { ...exprKind, value: { ...exprKind.value, entries: exprKind.value.entries.map(meteredEntry) } },
      };
    case 'constExpr':
    case 'identExpr':
    case undefined:
      return expr;
  }
}

const operandOf = ({ operand }: Kind<'selectExpr'>['value']): { operand?: CelExpr } =>
  operand === undefined ? {} : { operand: metered(operand) };

type Entry = Kind<'structExpr'>['value']['entries'][number];

const meteredEntry = (entry: Entry): Entry => ({
  ...entry,
  ...(entry.value !== undefined && { value: metered(entry.value) }),
  ...(entry.keyKind.case === 'mapKey' && { keyKind: { case: 'mapKey', value: metered(entry.keyKind.value) } }),
});

function meteredCall(expr: CelExpr, call: Call): CelExpr {
  const name = call.function;
  const pay = (arg: CelExpr): CelExpr => {
    if (free.has(name)) return metered(arg);
    return wrapped(comparing.has(name) ? meterNames.all : meterNames.size, metered(arg));
  };
  const args = call.args.map((arg, index) =>
    name === 'matches'
      ? wrapped(index === call.args.length - 1 ? meterNames.pattern : meterNames.text, metered(arg))
      : pay(arg),
  );
  const target =
    call.target && (name === 'matches' ? wrapped(meterNames.text, metered(call.target)) : pay(call.target));
  const paid: CelExpr = {
    ...expr,
    exprKind: { case: 'callExpr', value: { ...call, args, ...(target !== undefined && { target }) } },
  };
  return name === '_+_' ? wrapped(meterNames.size, paid) : paid;
}

/** Paid before it is unrolled, and at every turn. */
const meteredLoop = (loop: Loop): Loop => ({
  ...loop,
  ...(loop.iterRange !== undefined && { iterRange: wrapped(meterNames.items, metered(loop.iterRange)) }),
  ...(loop.accuInit !== undefined && { accuInit: metered(loop.accuInit) }),
  ...(loop.loopCondition !== undefined && { loopCondition: wrapped(meterNames.turn, metered(loop.loopCondition)) }),
  ...(loop.loopStep !== undefined && { loopStep: metered(loop.loopStep) }),
  ...(loop.result !== undefined && { result: metered(loop.result) }),
});
