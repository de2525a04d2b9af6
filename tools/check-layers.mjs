// Shows that each rule of the dependency rule and of pure code can fail: every fixture must be refused.
import path from 'node:path';
import { ESLint } from 'eslint';

const root = path.resolve(import.meta.dirname, '..');
process.chdir(root);
const boundaries = '@nx/enforce-module-boundaries';
const restricted = 'no-restricted-syntax';

/** name, where it would stand, what it would say, which rule refuses it */
const fixtures = [
  ['kernel imports nothing', 'libs/kernel/src/x.ts', "import '@cs/contracts';", boundaries],
  ['kernel has no npm package', 'libs/kernel/src/x.ts', "import 'zod';", boundaries],
  ['contracts import no library above the kernel', 'libs/contracts/src/x.ts', "import '@cs/eventing';", boundaries],
  ['contracts have no driver', 'libs/contracts/src/x.ts', "import 'pg';", boundaries],
  ['the domain imports no application', 'libs/automation/domain/src/x.ts', "import '@cs/eventing';", boundaries],
  ['the domain imports no infrastructure', 'libs/automation/domain/src/x.ts', "import '@cs/jetstream';", boundaries],
  ['the domain has no npm package', 'libs/automation/domain/src/x.ts', "import 'zod';", boundaries],
  ['the domain sees contracts as types only', 'libs/automation/domain/src/x.ts', "import { runSchema } from '@cs/contracts';\nexport const x = runSchema;", '@typescript-eslint/no-restricted-imports'],
  ['the domain does no I/O', 'libs/approval/domain/src/x.ts', "import 'node:fs';", '@typescript-eslint/no-restricted-imports'],
  ['the application imports no infrastructure', 'libs/automation/application/src/x.ts', "import '@cs/postgres';", boundaries],
  ['the application has no driver', 'libs/eventing/src/x.ts', "import '@nats-io/jetstream';", boundaries],
  ['infrastructure imports no app', 'libs/jetstream/src/x.ts', "import '@cs/runner';", boundaries],
  ['an app imports no other app', 'apps/gateway/src/x.ts', "import '@cs/runner';", boundaries],
  ['production code imports no test library', 'apps/runner/src/x.ts', "import '@cs/testing';", 'no-restricted-imports'],
  ['contexts meet in contracts: automation knows no approval', 'libs/automation/application/src/x.ts', "import '@cs/approval-domain';", boundaries],
  ['contexts meet in contracts: notification knows no automation', 'libs/notification/src/x.ts', "import '@cs/automation-domain';", boundaries],
  ['contexts meet in contracts: read models know no notification', 'libs/read-models/src/x.ts', "import '@cs/notification';", boundaries],
  ['no relative import across projects', 'libs/eventing/src/x.ts', "import '../../kernel/src/json.js';", boundaries],
  ['no clock in pure code', 'libs/automation/domain/src/x.ts', 'export const x = Date.now();', restricted],
  ['no new Date() in pure code', 'libs/contracts/src/x.ts', 'export const x = new Date();', restricted],
  ['no randomness in pure code', 'libs/kernel/src/x.ts', 'export const x = Math.random();', restricted],
  ['only config.ts reads the environment', 'apps/runner/src/x.ts', "export const x = process.env['HOME'];", restricted],
  ['no enums', 'apps/runner/src/x.ts', 'export enum X { a }', restricted],
];

const typed = ['no-floating-promises', 'no-misused-promises', 'switch-exhaustiveness-check', 'only-throw-error', 'consistent-type-imports'];
const eslint = new ESLint({
  cwd: root,
  // Fixtures are texts, not files of a project: what needs types is off here.
  overrideConfig: [{ files: ['**/*.ts'], languageOptions: { parserOptions: { projectService: false } }, rules: Object.fromEntries(typed.map((name) => [`@typescript-eslint/${name}`, 'off'])) }],
});

let failed = 0;
for (const [name, file, text, rule] of fixtures) {
  const [result] = await eslint.lintText(`${text}\n`, { filePath: path.join(root, file) });
  const refused = result.messages.some((message) => message.ruleId === rule);
  if (!refused) {
    failed += 1;
    console.error(`not refused: ${name}\n  ${file}: ${text}\n  ${JSON.stringify(result.messages.map(({ ruleId, message }) => ({ ruleId, message })))}`);
  }
}
console.log(`${fixtures.length - failed} of ${fixtures.length} layer fixtures are refused`);
process.exit(failed === 0 ? 0 : 1);
