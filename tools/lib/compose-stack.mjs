// Runs the services of the compose file as processes on this machine instead of in containers: the same
// files, commands, users and environments, with the names of other containers, their ports and their
// folders replaced by ones of this machine.
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { createSecrets } from '../../infra/create-secrets.mjs';
import { durationMs, readEnvText } from './compose-file.mjs';
import { linkProductionPackages, writeImageFiles } from './compose-layout.mjs';
import { describeExit, lastLines, runToEnd, startProcess } from './compose-process.mjs';
import { readProject, readProjectTexts } from './compose-project.mjs';

const texts = readProjectTexts();

const addRunnerSecrets = (dir, secrets) => {
  const file = path.join(dir, 'runner.env');
  const lines = Object.entries(secrets).map(([name, value]) => `COUNTERSIGN_SECRET_${name}=${value}\n`);
  writeFileSync(file, readFileSync(file, 'utf8') + lines.join(''));
};

/** Only root can give a process another user; anybody else is that user already (COUNTERSIGN_UID). */
const accountOf = (service) => {
  const [uid, gid] = (service.user ?? '').split(':').map(Number);
  return process.getuid?.() === 0 && uid > 0 ? { uid, gid } : {};
};

/**
 * `folder`: an empty one for files, data and logs, which every user may enter. `settings`: variables of the
 * compose file, as in `.env`. `runnerSecrets`: values of `secrets.<NAME>`. `node`: stands for the images' node.
 */
export class ComposeStack {
  #servers; #project; #folder; #node; #say; #keys;
  #ports = new Map();
  #processes = new Map();
  #postgres;
  #starting = Promise.resolve([]);
  #stopping = false;

  static async create({ folder, settings = {}, runnerSecrets = {}, node = process.execPath, say = () => undefined }) {
    const stack = new ComposeStack();
    stack.#node = node;
    stack.#say = say;
    stack.#folder = folder;
    for (const name of ['secrets', 'logs', 'images', 'volumes']) mkdirSync(path.join(folder, name));
    const secrets = path.join(stack.#folder, 'secrets');
    stack.#keys = createSecrets({ dir: secrets }).keys;
    addRunnerSecrets(secrets, runnerSecrets);
    const { root } = readProject(texts, { schemas: new Map() });
    stack.#servers = await import(pathToFileURL(path.join(root, 'libs/embedded-servers/dist/index.js')).href);
    const gatewayPort = await stack.#servers.freePort();
    const env = { PUBLIC_URL: `http://127.0.0.1:${gatewayPort}`, ...settings, COUNTERSIGN_SECRETS_DIR: secrets };
    stack.#project = readProject(texts, { schemas: new Map(), env });
    stack.#ports.set('gateway:4400', gatewayPort);
    return stack;
  }

  get url() {
    return `http://127.0.0.1:${this.#ports.get('gateway:4400')}`;
  }

  /** The generated API key of an actor. */
  apiKey(actor) {
    return this.#keys.find(({ record }) => record.actor_id === actor)?.key;
  }

  /** What has ended although nobody stopped it. */
  unexpectedEnds() {
    return [...this.#processes].filter(([name, { ended }]) => ended.now && !this.#isOneShot(name)).map(([name, { ended }]) => `${name} ${describeExit(ended.now)}`);
  }

  #isOneShot(name) {
    return this.#project.isOneShot(this.#project.compose.service(name));
  }

  /** A port of this machine for a port of a container; the same one each time. */
  async #port(service, port) {
    const key = `${service}:${port}`;
    if (!this.#ports.has(key)) this.#ports.set(key, await this.#servers.freePort());
    return this.#ports.get(key);
  }

  /** Starts every service as soon as what it depends on is as it wants it. Throws when one does not get there. */
  async start() {
    this.#writeImages();
    this.#starting = Promise.allSettled(this.#arrivals());
    const failed = (await this.#starting).find(({ status }) => status === 'rejected');
    if (failed) throw failed.reason;
  }

  #arrivals() {
    const { compose } = this.#project;
    const arrivals = new Map();
    const arrive = (service) => {
      if (!arrivals.has(service.name)) {
        const before = Object.keys(service.dependsOn).map((name) => arrive(compose.service(name)));
        arrivals.set(service.name, Promise.all(before).then(() => this.#bringUp(service)));
      }
      return arrivals.get(service.name);
    };
    return compose.services.map(arrive);
  }

  #writeImages() {
    const { root, ours, stageOf } = this.#project;
    const packages = path.join(this.#folder, 'packages');
    linkProductionPackages(root, packages);
    for (const service of ours) writeImageFiles({ root, stage: stageOf(service), packages, target: this.#imageFolder(service) });
  }

  #imageFolder(service) {
    return path.join(this.#folder, 'images', service.name);
  }

  async #bringUp(service) {
    if (this.#stopping) return;
    const began = performance.now();
    if (service.name === 'postgres') await this.#startPostgres(service);
    else await this.#startContainer(service);
    const state = this.#isOneShot(service.name) ? 'done' : 'healthy';
    this.#say(`${service.name}: ${state} after ${((performance.now() - began) / 1000).toFixed(1)} s`);
  }

  async #startPostgres(service) {
    const { environment } = service;
    this.#postgres = await this.#servers.startPostgres({ dataDir: path.join(this.#folder, 'volumes/database'), port: await this.#port('postgres', '5432'), database: environment.POSTGRES_DB });
    const client = new pg.Client({ connectionString: this.#postgres.url });
    await client.connect();
    try {
      const password = readFileSync(this.#onThisMachine(environment.POSTGRES_PASSWORD_FILE), 'utf8').trim();
      await client.query(`ALTER ROLE ${client.escapeIdentifier(environment.POSTGRES_USER)} PASSWORD ${client.escapeLiteral(password)}`);
    } finally {
      await client.end();
    }
  }

  #onThisMachine(file) {
    return file.replace(/^\/run\/secrets\//, `${path.join(this.#folder, 'secrets')}/`);
  }

  async #startContainer(service) {
    const launch = service.name === 'nats' ? await this.#natsLaunch(service) : await this.#nodeLaunch(service);
    if (this.#stopping) return;
    const logFile = path.join(this.#folder, 'logs', `${service.name}.log`);
    const running = startProcess({ name: service.name, ...launch, logFile });
    this.#processes.set(service.name, running);
    if (this.#isOneShot(service.name)) {
      const exit = await running.exited;
      if (exit.code !== 0) throw new Error(`${service.name} ${describeExit(exit)}`);
    } else await this.#becomeHealthy(service, running, launch);
  }

  async #nodeLaunch(service) {
    const stage = this.#project.stageOf(service);
    const [, ...args] = service.command ?? stage.command;
    return { file: this.#node, args, cwd: this.#imageFolder(service), env: await this.#environment(service, stage), account: accountOf(service) };
  }

  async #environment(service, stage) {
    const fromFiles = Object.assign({}, ...service.envFiles.map((file) => readEnvText(readFileSync(path.resolve(this.#project.root, file), 'utf8'))));
    const given = Object.entries({ ...stage.env, ...fromFiles, ...service.environment });
    return Object.fromEntries(await Promise.all(given.map(async ([name, value]) => [name, await this.#value(service, name, value)])));
  }

  /** Addresses, ports and paths of containers, as they are on this machine; everything else as it stands. */
  async #value(service, name, value) {
    if (name === 'HOST' || name === 'HEALTH_HOST') return '127.0.0.1';
    if (name === 'PORT' || name === 'HEALTH_PORT') return String(await this.#port(service.name, value));
    const file = this.#onThisMachine(value);
    return file === value ? this.#address(value) : this.#secret(service, file);
  }

  /** The address of another container, as it is on this machine. */
  async #address(value) {
    const [whole, before, host, port] = /^([a-z]+:\/\/(?:[^@/]*@)?)([\w-]+):(\d+)/.exec(value) ?? [];
    if (!host || !this.#project.compose.service(host)) return value;
    return `${before}127.0.0.1:${await this.#port(host, port)}${value.slice(whole.length)}`;
  }

  /** The file of a secret; when it holds an address, a copy of the file with the one on this machine. */
  async #secret(service, file) {
    const text = readFileSync(file, 'utf8');
    const mapped = await this.#address(text);
    if (mapped === text) return file;
    const copy = `${file}.${service.name}`;
    copyFileSync(file, copy);
    const { uid, gid } = statSync(file);
    if (process.getuid?.() === 0) chownSync(copy, uid, gid);
    chmodSync(copy, 0o600);
    writeFileSync(copy, mapped);
    return copy;
  }

  /** The server with the shipped configuration file, in which only addresses and the folder are other ones. */
  async #natsLaunch(service) {
    const { root, natsConf, texts: { natsConf: text } } = this.#project;
    const data = path.join(this.#folder, 'volumes/log');
    mkdirSync(data);
    let conf = text.replace(natsConf.storeDir, data);
    for (const address of [natsConf.listen, natsConf.http]) conf = conf.replace(address, `127.0.0.1:${await this.#port('nats', address.split(':')[1])}`);
    const file = path.join(this.#folder, 'volumes/nats.conf');
    writeFileSync(file, conf);
    const binary = await this.#servers.natsServerBinary({ envBinary: process.env.NATS_SERVER_BIN, toolsDir: path.join(root, '.tools'), path: process.env.PATH });
    const mounted = service.volumes.find(({ bind }) => bind).target;
    return { file: binary, args: service.command.map((word) => (word === mounted ? file : word)), cwd: this.#folder, env: {}, account: {} };
  }

  /** The health check of the compose file, at its pace or faster, until the time that it grants is over. */
  async #becomeHealthy(service, running, launch) {
    const { interval, timeout, retries, start_period } = service.healthcheck;
    const deadline = performance.now() + durationMs(start_period) + retries * durationMs(interval);
    const check = service.name === 'nats' ? () => this.#natsAnswers(service) : () => this.#ownCheck(service, launch, durationMs(timeout));
    while (!(await check())) {
      if (running.ended.now) throw new Error(`${service.name} ${describeExit(running.ended.now)}`);
      if (performance.now() > deadline) throw new Error(`${service.name} did not become healthy`);
      if (this.#stopping) return;
      await delay(Math.min(durationMs(interval), 500));
    }
  }

  async #natsAnswers(service) {
    const [, port, page] = /:(\d+)(\/.*)$/.exec(service.healthcheck.test.at(-1));
    const url = `http://127.0.0.1:${await this.#port('nats', port)}${page}`;
    return fetch(url, { signal: AbortSignal.timeout(2000) }).then((response) => response.ok, () => false);
  }

  async #ownCheck(service, { file, cwd, env, account }, timeoutMs) {
    const [, , ...args] = service.healthcheck.test;
    return (await runToEnd({ file, args, cwd, env, account, timeoutMs })) === 0;
  }

  /** Stops everything, users before what they use. Returns what did not end in good order. */
  async stop() {
    this.#stopping = true;
    for (const [name, running] of this.#processes) if (this.#isOneShot(name)) void running.stop(5000);
    // Nothing starts any more when we stop what has started.
    await this.#starting;
    const { services } = this.#project.compose;
    const problems = [];
    const stops = new Map();
    const stopService = (service) => {
      if (!stops.has(service.name)) {
        const users = services.filter(({ dependsOn }) => service.name in dependsOn).map(stopService);
        stops.set(service.name, Promise.all(users).then(() => this.#stopOne(service)).then((problem) => problem && problems.push(problem)));
      }
      return stops.get(service.name);
    };
    await Promise.all(services.map(stopService));
    return problems;
  }

  async #stopOne(service) {
    if (service.name === 'postgres') {
      await this.#postgres?.stop();
      return undefined;
    }
    const running = this.#processes.get(service.name);
    if (!running || this.#isOneShot(service.name)) return undefined;
    const end = await running.stop(durationMs(service.stop_grace_period));
    this.#say(`${service.name}: stopped after ${(end.tookMs / 1000).toFixed(1)} s`);
    return end.code === 0 && !end.killed ? undefined : `${service.name} ${describeExit(end)}${end.killed ? ', because it did not stop in its grace period' : ''}`;
  }

  /** The ends of all logs. */
  logs(lines = 30) {
    return [...this.#processes.values()].map(({ name, logFile }) => `--- ${name} (${logFile})\n${lastLines(logFile, lines)}`).join('\n');
  }
}
