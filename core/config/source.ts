/** YAML text → documents that know on which line each of their values stands. JSON is YAML too. */
import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  visit,
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
} from 'yaml';
import { configLimits } from './defaults.ts';
import { type ConfigPath, type ConfigProblem, shortened } from './problem.ts';

export interface ConfigFile {
  readonly path: string;
  readonly text: string;
}

export interface SourceDocument {
  readonly file: string;
  /** As JSON would have it; read anew after a correction. */
  value(): unknown;
  /** Line of a value, or of its nearest parent that is there. */
  lineOf(path: ConfigPath): number;
  /** A scalar as it is written, without quotes; undefined for everything else. */
  sourceOf(path: ConfigPath): string | undefined;
  /** Corrections of unknown keys, so that one typing error does not hide other mistakes. Positions stay. */
  renameKey(parent: ConfigPath, from: string, to: string): void;
  removeKey(parent: ConfigPath, key: string): void;
}

/** Documents without content (comments, a lone `---`) are left out. A broken file has problems and no documents. */
export const readDocuments = (file: ConfigFile): { documents: SourceDocument[]; problems: ConfigProblem[] } => {
  const problem = (line: number, reason: string, hint: string): ConfigProblem => ({
    file: file.path,
    line,
    path: '',
    reason,
    hint,
  });
  // In characters: never more than the bytes, which whoever reads the file checks.
  if (file.text.length > configLimits.bytesPerFile) return { documents: [], problems: [tooLarge(file.path)] };
  const lines = new LineCounter();
  try {
    const parsed = parseAllDocuments(file.text, {
      lineCounter: lines,
      prettyErrors: false,
      logLevel: 'error',
      uniqueKeys: false,
    });
    const documents = Array.isArray(parsed) ? parsed : [];
    const syntax = documents.flatMap((document) => document.errors);
    const faults =
      syntax.length > 0
        ? syntax
        : documents.flatMap((document) => [...document.warnings, ...referenceFaults(document)]);
    // The parser catches its own stack overflow and reports it as one of many errors.
    if (faults.some(({ message }) => message.includes('call stack'))) throw new RangeError();
    // After the first fault of syntax the parser has lost its place: what it says of the rest follows from that one.
    const shown = syntax.length > 0 ? [firstOf(syntax)] : faults;
    const hint = `check indentation, quotes and brackets there${shown.length < faults.length ? '; what follows from it is not shown' : ''}`;
    const problems = shown.map(({ message, pos: [start] }) =>
      problem(lineAt(lines, start), `broken YAML: ${shortened(message, 200)}`, hint),
    );
    if (problems.length > 0) return { documents: [], problems };
    const withContent = documents.filter(({ contents }) => contents !== null && !isEmpty(contents));
    // Read once here: what cannot be read (an alias bomb) is then a problem of the file.
    withContent.forEach(toValue);
    return { documents: withContent.map((document) => createSourceDocument(file.path, document, lines)), problems };
  } catch (error) {
    const reason = error instanceof RangeError ? 'it is nested too deeply' : messageOf(error);
    return {
      documents: [],
      problems: [problem(1, `cannot be read: ${shortened(reason, 200)}`, 'write it flatter, with fewer aliases')],
    };
  }
};

export const tooLarge = (file: string): ConfigProblem => ({
  file,
  line: 1,
  path: '',
  reason: `the file is larger than ${String(configLimits.bytesPerFile)} bytes`,
  hint: 'split it, one service a file',
});

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const isEmpty = (node: Node): boolean => isScalar(node) && node.value === null && node.source === '';

const toValue = (document: Document): unknown => document.toJS({ maxAliasCount: configLimits.aliases });

const lineAt = (lines: LineCounter, offset: number): number => Math.max(1, lines.linePos(offset).line);

interface Fault {
  readonly message: string;
  readonly pos: readonly [number, number];
}

const firstOf = <T extends Fault>(faults: readonly T[]): T =>
  faults.reduce((first, fault) => (fault.pos[0] < first.pos[0] ? fault : first));

/**
 * Aliases to nothing (the parser finds them only when the value is read, and then without a position) and keys that stand
 * twice in a mapping (the parser's own check takes a minute for a hostile file).
 */
const referenceFaults = (document: Document.Parsed): Fault[] => {
  const faults: Fault[] = [];
  const anchors = new Set<string>();
  let aliases = 0;
  visit(document, {
    Node: (_key, node) => {
      const start = offsetOf(node) ?? 0;
      if (isAlias(node)) {
        aliases += 1;
        if (aliases > configLimits.aliases) {
          faults.push({ message: `there are more than ${String(configLimits.aliases)} aliases`, pos: [start, start] });
          return visit.BREAK;
        }
        if (!anchors.has(node.source))
          faults.push({ message: `alias *${node.source} has no anchor before it`, pos: [start, start] });
        return undefined;
      }
      if (node.anchor !== undefined) anchors.add(node.anchor);
      if (isMap(node)) faults.push(...twinKeys(node));
      return undefined;
    },
  });
  return faults;
};

const twinKeys = (map: YAMLMap): Fault[] => {
  const seen = new Set<string>();
  return map.items.flatMap(({ key }) => {
    const text = keyText(key);
    if (text === undefined) return [];
    if (!seen.has(text)) {
      seen.add(text);
      return [];
    }
    const start = offsetOf(key) ?? 0;
    return [{ message: `the key ${shortened(text)} stands twice`, pos: [start, start] }];
  });
};

const createSourceDocument = (file: string, document: Document, lines: LineCounter): SourceDocument => {
  const mapAt = (path: ConfigPath): YAMLMap | undefined => {
    const { node, complete } = walk(document, path);
    return complete && isMap(node) ? node : undefined;
  };
  return {
    file,
    value: () => toValue(document),
    lineOf: (path) => lineAt(lines, walk(document, path).start),
    sourceOf(path) {
      const { node, complete } = walk(document, path);
      return complete && isScalar(node) ? node.source : undefined;
    },
    renameKey(parent, from, to) {
      const key = pairOf(mapAt(parent), from)?.key;
      if (isScalar(key)) key.value = to;
    },
    removeKey(parent, key) {
      const map = mapAt(parent);
      const pair = pairOf(map, key);
      if (map !== undefined && pair !== undefined) map.items.splice(map.items.indexOf(pair), 1);
    },
  };
};

/** Follows a path as far as it goes. `start` is the key's offset in a map, the item's in a list. */
const walk = (document: Document, path: ConfigPath): { node: unknown; start: number; complete: boolean } => {
  let node = resolved(document, document.contents);
  let start = offsetOf(document.contents) ?? 0;
  for (const part of path) {
    const pair = isMap(node) ? pairOf(node, String(part)) : undefined;
    const next = pair === undefined ? (isSeq(node) ? node.items[Number(part)] : undefined) : pair.value;
    if (pair === undefined && next === undefined) return { node, start, complete: false };
    start = offsetOf(pair?.key) ?? offsetOf(next) ?? start;
    node = resolved(document, next);
  }
  return { node, start, complete: true };
};

const resolved = (document: Document, node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node);

const offsetOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined);

const pairOf = (map: YAMLMap | undefined, key: string): Pair | undefined =>
  map?.items.find((item) => isPair(item) && keyText(item.key) === key);

/** Undefined for keys that are lists or mappings: no schema of ours has such. */
const keyText = (key: unknown): string | undefined => {
  if (!isScalar(key)) return undefined;
  const { value } = key;
  if (value === null) return '';
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
};
