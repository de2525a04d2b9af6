import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { JsonataEvaluator } from '@cs/step-runners';
import { ApiClient } from './api-client.js';
import { applyDefinition } from './definition-apply.js';
import { checkDefinitions, problemLine, type Checked, type FileProblem } from './definition-check.js';

const usage = `npm run automations -- check FILE...   check definitions; needs no server
npm run automations -- apply FILE...   check definitions, then store those that are new or have changed
                                       (COUNTERSIGN_URL, default http://127.0.0.1:4400; COUNTERSIGN_API_KEY)
`;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
const printProblems = (problems: readonly FileProblem[]): void => problems.forEach((problem) => print(problemLine(problem)));

/** npm runs a program in the folder of the package; its caller meant the folder they are in. */
const folder = process.env['INIT_CWD'] ?? process.cwd();

const checkFiles = async (names: readonly string[]): Promise<Checked> => {
  const evaluator = new JsonataEvaluator();
  try {
    return checkDefinitions(await Promise.all(names.map(async (name) => ({ name, text: await readFile(path.resolve(folder, name), 'utf8') }))), evaluator);
  } finally {
    await evaluator.close();
  }
};

const check = async (names: readonly string[]): Promise<number> => {
  const { problems } = await checkFiles(names);
  printProblems(problems);
  print(problems.length === 0 ? `${counted(names.length, 'file')} in order` : counted(problems.length, 'problem'));
  return problems.length === 0 ? 0 : 1;
};

/** Nothing is stored while any file has a problem that can be seen from here. */
const apply = async (names: readonly string[]): Promise<number> => {
  const { files, problems } = await checkFiles(names);
  printProblems(problems);
  if (problems.length > 0) {
    print(`${counted(problems.length, 'problem')}; nothing was stored`);
    return 1;
  }
  const api = new ApiClient({ url: process.env['COUNTERSIGN_URL'] ?? 'http://127.0.0.1:4400', key: process.env['COUNTERSIGN_API_KEY'] });
  let refused = 0;
  for (const file of files) {
    const applied = await applyDefinition(api, file);
    if (applied.kind === 'refused') {
      refused += 1;
      printProblems(applied.problems);
    } else print(`${applied.kind}  ${applied.automation.automation_id}  ${applied.automation.definition_version}  ${applied.file}`);
  }
  return refused === 0 ? 0 : 1;
};

const main = async (): Promise<number> => {
  const { positionals: [command, ...names], values } = parseArgs({ allowPositionals: true, options: { help: { type: 'boolean', default: false } } });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (names.length > 0 && command === 'check') return await check(names);
  if (names.length > 0 && command === 'apply') return await apply(names);
  process.stderr.write(usage);
  return 2;
};

try {
  process.exitCode = await main();
} catch (error) {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(`${message}${cause instanceof Error ? `: ${cause.message}` : ''}\n`);
  process.exitCode = 1;
}
