import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Folders whose code is a pure function of its arguments; see .dependency-cruiser.js. */
const pure = ['app/base/**/*.ts', 'app/sim/**/*.ts', 'app/kernel/**/*.ts', 'app/explore/**/*.ts'];
const tests = ['**/*.test.ts', '**/testing/**/*.ts'];

const hostGlobals = [
  ...['Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'].map((name) => ({
    name,
    message: 'Time is virtual here: ask the machine.',
  })),
  ...['process', 'console', 'globalThis', 'fetch', 'crypto', 'Buffer', 'require'].map((name) => ({
    name,
    message: 'This folder knows no host: hand the value in from above.',
  })),
  { name: 'Promise', message: 'A run is synchronous: its order is chosen, not left to the event loop.' },
  { name: 'Intl', message: 'Locales differ between hosts.' },
  { name: 'WeakRef', message: 'Garbage collection differs between runs.' },
  { name: 'FinalizationRegistry', message: 'Garbage collection differs between runs.' },
];

// sqrt, floor, trunc, imul, clz32 and the like are exact by the language's definition; these are not.
const inexactMath = [
  ...['acos', 'acosh', 'asin', 'asinh', 'atan', 'atan2', 'atanh', 'cbrt', 'cos', 'cosh', 'exp', 'expm1'],
  ...['hypot', 'log', 'log10', 'log1p', 'log2', 'pow', 'sin', 'sinh', 'tan', 'tanh'],
].map((property) => ({
  object: 'Math',
  property,
  message: 'Its last bits differ between engines: use integers.',
}));

const hostSyntax = [
  {
    selector: ':function[async=true]',
    message: 'A run is synchronous: its order is chosen, not left to the event loop.',
  },
  { selector: 'AwaitExpression, ForOfStatement[await=true]', message: 'A run is synchronous.' },
  { selector: 'ImportExpression', message: 'Loading on demand is asynchronous: import at the top.' },
  {
    selector: 'MemberExpression[property.name=/^(localeCompare|toLocale\\w*)$/]',
    message: 'Locales differ between hosts: compare by code units.',
  },
  {
    selector: ':matches(BinaryExpression[operator="**"], AssignmentExpression[operator="**="])',
    message: 'Inexact between engines, as Math.pow: shift, multiply, or write the number.',
  },
  {
    selector:
      'MemberExpression[property.name="stack"]:matches([object.type="NewExpression"], [object.name=/^(e|err|error|cause)$/])',
    message: "An engine's stack trace differs between hosts: the machine keeps its own call stack.",
  },
];

export default defineConfig(
  { ignores: ['dist/', '.cache/', 'coverage/'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      // A task that never yields is a generator all the same.
      'require-yield': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowAny: false, allowNullish: false, allowNever: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Without noUncheckedIndexedAccess the rule takes an element of an array for always defined.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Type parameters carry the result of a call through `yield*`, even where they are named once.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/unified-signatures': 'off',
      '@typescript-eslint/no-empty-function': 'off',
    },
  },
  {
    files: pure,
    ignores: tests,
    rules: {
      'no-restricted-globals': ['error', ...hostGlobals],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: "Draw from the run's own generator." },
        { object: 'Error', property: 'captureStackTrace', message: 'Only one engine has it.' },
        { object: 'Error', property: 'stackTraceLimit', message: 'Only one engine has it.' },
        ...inexactMath,
      ],
      'no-restricted-syntax': ['error', ...hostSyntax],
      // Every order is total and said: compare by time, then task, then sequence number.
      '@typescript-eslint/require-array-sort-compare': ['error', { ignoreStringArrays: false }],
    },
  },
  {
    files: tests,
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['**/*.js'],
    rules: {
      // The type checker reads these files too and knows which names exist.
      'no-undef': 'off',
      // The rule does not see a cast that is written as a comment; the type checker does.
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
);
