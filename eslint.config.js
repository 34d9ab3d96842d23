import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** Layers and where their imports may point (design, section 3). Each ban says why and what to do instead. */
const zones = [
  { layer: 'core', mayUse: ['core'], why: 'core is pure; pass data in, or put the I/O behind a port in platform/' },
  { layer: 'platform', mayUse: ['core', 'platform'], why: 'platform knows core only' },
  {
    layer: 'workflows',
    mayUse: ['core', 'workflows'],
    why: 'workflows are deterministic; use activities (by type, from core/contract)',
  },
  {
    layer: 'activities',
    mayUse: ['core', 'platform', 'activities'],
    why: 'activities know core and platform; take ports as deps',
  },
  {
    layer: 'worker',
    mayUse: ['core', 'platform', 'workflows', 'activities', 'worker'],
    why: 'worker puts layers together; what a command or a lab needs goes there',
  },
  { layer: 'functions', mayUse: ['core', 'platform', 'functions'], why: 'functions know core and platform' },
];
const layers = ['core', 'platform', 'workflows', 'activities', 'worker', 'functions', 'cli', 'infra', 'test'];

/** The folders of core, each of which may use those before it. `test/unit/house/imports.test.ts` walks the same order. */
const coreOrder = [
  'values',
  'cel',
  'kube',
  'routing',
  'render',
  'workload',
  'judge',
  'topology',
  'config',
  'rollout',
  'events',
  'view',
  'contract',
];

const banned = (layer, mayUse, why) =>
  layers.filter((other) => !mayUse.includes(other)).map((other) => ({ group: [`**/${other}/**`], message: why }));

const zoneRules = zones
  .filter(({ layer }) => layer !== 'core')
  .map(({ layer, mayUse, why }) => ({
    files: [`${layer}/**/*.ts`],
    rules: { 'no-restricted-imports': ['error', { patterns: banned(layer, mayUse, why) }] },
  }));

const [core] = zones;
const coreRules = coreOrder.map((folder, i) => ({
  files: [`core/${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          ...banned(core.layer, core.mayUse, core.why),
          { group: ['node:*', '@temporalio/*', '@kubernetes/*', 'undici'], message: core.why },
          ...coreOrder.slice(i + 1).map((later) => ({
            group: [`../${later}/**`, `../../${later}/**`, `../../../${later}/**`, `../../../../${later}/**`],
            message: `core/${folder} comes before core/${later}: move the idea down, or its user up`,
          })),
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'infra/bootstrap.js', '*.config.js', '**/testdata/**'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: dirname(fileURLToPath(import.meta.url)) },
    },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver': { node: { extensions: ['.ts', '.js'] } } },
    rules: {
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', prefer: 'type-imports' },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'import-x/no-default-export': 'error',
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'name what you export' },
        { selector: 'TSEnumDeclaration', message: 'use a const object or a union' },
      ],
    },
  },
  ...zoneRules,
  ...coreRules,
  {
    files: ['test/**/*.ts'],
    rules: {
      'max-lines-per-function': 'off',
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.name='setTimeout'], CallExpression[callee.property.name='setTimeout']",
          message: 'no bare sleeps: wait through assertEventually or converges (test/support/eventually.ts)',
        },
      ],
    },
  },
  { files: ['test/support/**/*.ts', 'test/bench/**/*.ts'], rules: { 'no-restricted-syntax': 'off' } },
);
