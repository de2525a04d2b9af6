// Everything a deployment consists of, read from the workspace or from texts that a test has changed.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { readComposeFile, readEnvText } from './compose-file.mjs';
import { readDockerfile, scriptOf } from './compose-dockerfile.mjs';

export const projectRoot = path.resolve(import.meta.dirname, '../..');

/** The files that the check reads, by the name under which a test may replace them. */
export const projectFiles = {
  compose: 'docker-compose.yml', dockerfile: 'Dockerfile', dockerignore: '.dockerignore',
  envExample: '.env.example', natsConf: 'infra/nats/nats.conf',
};

export const readProjectTexts = () =>
  Object.fromEntries(Object.entries(projectFiles).map(([key, file]) => [key, readFileSync(path.join(projectRoot, file), 'utf8')]));

const isObjectSchema = (value) => typeof value?.safeParse === 'function' && value.shape !== undefined;

/**
 * Which configuration a program has: the object schema of its app's `dist/config.js` whose name begins
 * like the program (`migrateConfigSchema` for `migrate.cli.js`), else the one of the app.
 */
const loadSchema = async (script) => {
  const [, app, program] = /^apps\/([^/]+)\/dist\/([\w-]+)/.exec(script) ?? [];
  const file = path.join(projectRoot, 'apps', String(app), 'dist/config.js');
  if (!app || !existsSync(file)) return undefined;
  const schemas = Object.entries(await import(pathToFileURL(file).href)).filter(([name, value]) => name.endsWith('ConfigSchema') && isObjectSchema(value));
  const own = schemas.find(([name]) => name.toLowerCase().startsWith(program.toLowerCase()));
  const camelApp = app.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
  return (own ?? schemas.find(([name]) => name === `${camelApp}ConfigSchema`) ?? schemas[0])?.[1];
};

/** Configuration schemas by the program that a stage of the Dockerfile runs. */
export const loadSchemas = async (dockerfile) => {
  const scripts = new Set(dockerfile.stages.map((stage) => scriptOf(stage.command)).filter(Boolean));
  return new Map(await Promise.all([...scripts].map(async (script) => [script, await loadSchema(script)])));
};

/** Ports that the servers of others listen on, and the address of the NATS monitoring pages. */
const readNatsConf = (text) => {
  const value = (name) => new RegExp(`^\\s*${name}:\\s*"?([^"\\n]+?)"?\\s*$`, 'm').exec(text)?.[1];
  return { listen: value('listen'), http: value('http'), storeDir: value('store_dir'), syncInterval: value('sync_interval'), maxPayload: value('max_payload') };
};

/** `schemas`: from {@link loadSchemas}. `env`: the variables that an operator has set; by default none. */
export const readProject = (texts, { schemas, env = {} }) => {
  const compose = readComposeFile(texts.compose, env);
  const dockerfile = readDockerfile(texts.dockerfile);
  const stageOf = (service) => (service.build ? dockerfile.stage(service.build.target) : undefined);
  const scriptFor = (service) => scriptOf(service.command ?? stageOf(service)?.command);
  return {
    root: projectRoot, texts, compose, dockerfile, schemas, stageOf, scriptFor,
    ours: compose.services.filter((service) => service.build),
    isOneShot: (service) => compose.services.some((other) => other.dependsOn[service.name]?.condition === 'service_completed_successfully'),
    schemaOf: (service) => schemas.get(scriptFor(service)),
    envExample: readEnvText(texts.envExample),
    natsConf: readNatsConf(texts.natsConf),
  };
};
