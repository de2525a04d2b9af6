import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';
import { depConstraints } from './tools/layers.mjs';

const tests = ['**/*.spec.ts', '**/*.fixture.ts', '**/*.contract.ts', 'libs/testing/**/*.ts'];

/** No clock, randomness or environment where decisions are made: time and ids arrive on the command. */
const pureFolders = ['libs/kernel/**/*.ts', 'libs/contracts/**/*.ts', 'libs/*/domain/**/*.ts'];

const ambient = [
  { selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']", message: 'Time arrives on the command; Date.now() does not belong in a pure library.' },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Time arrives on the command; new Date() does not belong in a pure library.' },
  { selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']", message: 'Randomness arrives on the command.' },
];
const environment = { selector: "MemberExpression[object.name='process'][property.name='env']", message: 'Only an app\'s config.ts reads the environment.' };
const notEnums = { selector: 'TSEnumDeclaration', message: 'Use a const object of strings instead of an enum.' };

export default tseslint.config(
  { ignores: ['**/dist/**', '**/out-tsc/**', '**/node_modules/**', '.nx/**', '.tools/**', '.countersign/**', '**/*.mjs', '**/*.cjs', 'tools/fixtures/**'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@nx/enforce-module-boundaries': ['error', { enforceBuildableLibDependency: false, allow: [], depConstraints }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/only-throw-error': 'error',
      'preserve-caught-error': 'error',
      'no-restricted-syntax': ['error', environment, notEnums],
      'max-lines': ['error', { max: 200, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
      'max-depth': ['error', 3],
      'max-params': ['error', 3],
      complexity: ['error', 8],
    },
  },
  { files: pureFolders, ignores: tests, rules: { 'no-restricted-syntax': ['error', environment, notEnums, ...ambient] } },
  {
    files: ['libs/*/domain/src/**/*.ts'],
    ignores: tests,
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', {
        paths: [{ name: '@cs/contracts', allowTypeImports: true, message: 'The domain sees contracts as types only.' }],
        patterns: [{ group: ['node:*'], message: 'The domain does no I/O.' }],
      }],
    },
  },
  { files: ['apps/*/src/config.ts', 'apps/*/src/*.cli.ts', 'libs/testing/**/*.ts', 'bench/**/*.ts'], rules: { 'no-restricted-syntax': ['error', notEnums] } },
  {
    files: ['apps/**/*.ts', 'libs/**/*.ts'],
    ignores: tests,
    rules: { 'no-restricted-imports': ['error', { paths: ['@cs/testing', 'fast-check', '@jest/globals'].map((name) => ({ name, message: 'Only tests import this.' })) }] },
  },
  {
    files: tests,
    rules: { 'max-lines-per-function': 'off', 'max-lines': 'off', complexity: 'off', 'no-restricted-syntax': ['error', notEnums] },
  },
);
