import { describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../../core/config/parse.ts';
import { formatProblem } from '../../../core/config/problem.ts';
import { meshText } from './documents.ts';

const parse = (spec: string) =>
  parseConfig([
    { path: 'mesh.yaml', text: meshText },
    {
      path: 'sink.yaml',
      text: `apiVersion: tidegate.dev/v1alpha1\nkind: Sink\nmetadata: { name: ops }\nspec: ${spec}\n`,
    },
  ]);

const problemsOf = (spec: string): string[] => {
  const parsed = parse(spec);
  return parsed.ok ? [] : parsed.problems.map((problem) => formatProblem(problem).slice('sink.yaml:4: '.length));
};

describe('a Sink document', () => {
  it.each([
    '{ type: http, url: "https://events.example.com/in", secrets: [{ env: A }, { file: /run/b }] }',
    '{ type: http, url: "http://127.0.0.1:8080/in", mode: binary, events: ["dev.cdevents.*"] }',
    '{ type: slack, urlFrom: { env: SLACK } }',
    '{ type: generic, url: "https://a.example", template: "{{data.service}}" }',
    '{ type: gitlab, repository: acme/group/checkout, token: { env: T }, sha: "event.data.version" }',
  ])('%s is taken', (spec) => expect(problemsOf(spec)).toEqual([]));

  it('of a forge goes to its public API unless another is written, and a slash at the end counts for nothing', () => {
    const urlOf = (more: string): unknown => {
      const parsed = parse(`{ type: github, repository: acme/checkout, token: { env: T }${more} }`);
      const [sink] = parsed.ok ? parsed.config.events.sinks : [];
      return sink !== undefined && 'url' in sink ? sink.url : sink;
    };
    expect(urlOf('')).toBe('https://api.github.com');
    expect(urlOf(', url: "https://ghe.example.com/api/v3/"')).toBe('https://ghe.example.com/api/v3');
  });

  it.each([
    ['{ type: http }', 'spec: has no address (write either url or urlFrom)'],
    [
      '{ type: slack, url: "https://a.example", urlFrom: { env: A } }',
      'spec: has two addresses (write either url or urlFrom)',
    ],
    ['{ type: http, url: hooks }', 'spec.url: is not a URL (write something like'],
    ['{ type: http, url: "http://events.example.com" }', 'spec.url: must be an https URL (write https://…'],
    ['{ type: http, url: "https://a.example/#x" }', 'spec.url: has a fragment (end it before the #)'],
    ['{ type: http, url: "ftp://127.0.0.1/" }', 'spec.url: must be an https URL'],
    [
      '{ type: http, url: "https://a.example", events: [dev.tidegate.rollout.endet] }',
      'spec.events[0]: is no type of event that Tidegate sends (did you mean dev.tidegate.rollout.ended?',
    ],
    ['{ type: http, url: "https://a.example", events: [] }', 'spec.events: '],
    ['{ type: http, url: "https://a.example", filter: "event." }', 'spec.filter: `event.` is no CEL'],
    ['{ type: http, url: "https://a.example", secrets: [{ env: A }, { env: B }, { env: C }] }', 'spec.secrets: '],
    ['{ type: generic, url: "https://a.example" }', 'spec.template: '],
    ['{ type: slack, url: "https://a.example", secrets: [{ env: A }] }', 'spec.secrets: '],
    ['{ type: github, token: { env: T }, repository: checkout }', 'spec.repository: '],
    ['{ type: github, repository: acme/checkout }', 'spec.token: '],
    ['{ type: github, repository: acme/checkout, token: { env: T }, sha: "event." }', 'spec.sha: `event.` is no CEL'],
    ['{ type: mattermost, url: "https://a.example" }', 'spec.type: '],
  ])('%s is refused with the place and the remedy', (spec, beginning) => {
    const problems = problemsOf(spec);
    expect(problems).toEqual([expect.stringContaining(' (')]);
    expect(problems[0]?.slice(0, beginning.length)).toBe(beginning);
  });

  it('whose address carries a password is refused, and nobody reads it in the message', () => {
    const problems = problemsOf('{ type: http, url: "https://ops:hunter2@a.example/in" }');
    expect(problems).toEqual([expect.stringContaining('spec.url: carries credentials')]);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  it('of a name that another one has is refused', () => {
    const one = (path: string) => ({
      path,
      text: 'apiVersion: tidegate.dev/v1alpha1\nkind: Sink\nmetadata: { name: ops }\nspec: { type: slack, urlFrom: { env: A } }\n',
    });
    const parsed = parseConfig([{ path: 'mesh.yaml', text: meshText }, one('a.yaml'), one('b.yaml')]);
    expect(parsed.ok ? [] : parsed.problems.map(formatProblem)).toEqual([expect.stringContaining('ops')]);
  });
});
