// Checks the deployment (docker-compose.yml, Dockerfile, .dockerignore, .env.example, infra) without a
// container engine, against the built workspace. One line per rule; exit code 1 when one is broken.
//   node tools/check-compose.mjs
import { projectFiles, loadSchemas, readProjectTexts } from './lib/compose-project.mjs';
import { readDockerfile } from './lib/compose-dockerfile.mjs';
import { checkRules, rules } from './lib/compose-rules.mjs';

const texts = readProjectTexts();
const results = checkRules(texts, await loadSchemas(readDockerfile(texts.dockerfile)));

for (const { rule, problems } of results) {
  console.log(`${problems.length === 0 ? 'ok    ' : 'BROKEN'} ${rule.id}: ${rule.title}`);
  for (const problem of problems) console.log(`         ${problem}`);
}
const broken = results.filter(({ problems }) => problems.length > 0);
console.log(broken.length === 0 ? `\n${rules.length} rules hold for ${Object.values(projectFiles).join(', ')}` : `\n${broken.length} of ${rules.length} rules are broken; each line above says where and what to do`);
process.exitCode = broken.length === 0 ? 0 : 1;
