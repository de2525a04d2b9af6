// All rules that a deployment keeps. A rule returns its problems: where, what, and what to do.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readProject } from './compose-project.mjs';
import { environmentRules } from './compose-rules-environment.mjs';
import { imageRules } from './compose-rules-image.mjs';
import { structureRules } from './compose-rules-structure.mjs';

const natsServer = (root) => {
  if (process.env.NATS_SERVER_BIN) return process.env.NATS_SERVER_BIN;
  const tools = path.join(root, '.tools');
  const name = existsSync(tools) ? readdirSync(tools).find((entry) => entry.startsWith('nats-server-')) : undefined;
  return name ? path.join(tools, name) : 'nats-server';
};

/** Asks the server itself. Without one the rule cannot hold: a check that skips is a check that lies. */
const natsConfig = ({ root, texts }) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'countersign-nats-'));
  try {
    const file = path.join(folder, 'nats.conf');
    writeFileSync(file, texts.natsConf);
    const { status, error, stdout, stderr } = spawnSync(natsServer(root), ['-t', '-c', file], { encoding: 'utf8', timeout: 10_000 });
    if (error) return [`infra/nats/nats.conf: no NATS server to check it with (${error.message}); run "npm start" once, which fetches it, or set NATS_SERVER_BIN`];
    return status === 0 ? [] : [`infra/nats/nats.conf: ${(stdout + stderr).trim().replaceAll(file, 'nats.conf')}`];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const readable = { id: 'readable', title: 'the compose file is strict YAML and the Dockerfile can be read' };
const rulesOfContent = [
  ...structureRules,
  ...imageRules,
  ...environmentRules,
  { id: 'nats-config', title: 'the NATS server accepts its configuration file', check: natsConfig },
];

export const rules = [readable, ...rulesOfContent];

/** Every rule with its problems, for the texts of the deployment's files. */
export const checkRules = (texts, schemas) => {
  try {
    const project = readProject(texts, { schemas });
    return [{ rule: readable, problems: [] }, ...rulesOfContent.map((rule) => ({ rule, problems: rule.check(project) }))];
  } catch (error) {
    return [{ rule: readable, problems: [error.message] }];
  }
};
