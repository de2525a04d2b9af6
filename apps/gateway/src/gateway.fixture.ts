import { Module } from '@nestjs/common';
import { ensureStreams, NatsModule } from '@cs/jetstream';
import { startNats, type NatsHandle } from '@cs/embedded-servers';
import type { RpcMethod, RpcReply } from '@cs/contracts';
import { loadConfig, PlatformModule } from '@cs/platform';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gatewayConfigSchema } from './config.js';
import { GatewayModule } from './gateway.module.js';
import { configureGateway, createFastifyAdapter, listenGateway } from './server.adapter.js';

const toolsDir = path.resolve(import.meta.dirname, '../../../.tools');

export interface TestNats {
  readonly url: string;
  readonly nc: NatsConnection;
  /** Takes the server away; the data stays. */
  interrupt(): Promise<void>;
  /** Brings it back at the same address. */
  resume(): Promise<void>;
  stop(): Promise<void>;
}

/** A NATS server of its own, with the streams. */
export const startTestNats = async (): Promise<TestNats> => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'cs-gateway-'));
  const start = (port: number): Promise<NatsHandle> => startNats({ dataDir, port, toolsDir, syncInterval: '2m', envBinary: process.env['NATS_SERVER_BIN'], path: process.env['PATH'] });
  let server = await start(0);
  const nc = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  await ensureStreams(nc);
  return {
    url: server.url, nc,
    interrupt: () => server.stop(),
    resume: async () => {
      server = await start(server.port);
      await eventually('connected again', () => nc.flush().then(() => true, () => false), 30_000);
    },
    stop: async () => {
      await nc.close();
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};

/** What a service was asked, as it arrived. */
export interface Asked {
  readonly context: { readonly tenant: unknown; readonly actor: unknown; readonly correlation_id: string };
  readonly payload: Record<string, unknown>;
}

/** Stands for the service behind a method: answers Nest's request envelope over a real subscription. */
export const respond = async <Reply>(nc: NatsConnection, method: RpcMethod<RpcMethod['payload'], Reply>, answer: (asked: Asked) => RpcReply<Reply>): Promise<{ readonly asked: Asked[]; stop(): void }> => {
  const asked: Asked[] = [];
  const subscription = nc.subscribe(method.subject, {
    callback: (_error, message) => {
      const { id, data } = message.json<{ id: string; data: Asked }>();
      asked.push(data);
      message.respond(JSON.stringify({ id, response: answer(data), isDisposed: true }));
    },
  });
  await nc.flush();
  return { asked, stop: () => subscription.unsubscribe() };
};

export interface TestGateway {
  readonly url: string;
  readonly port: number;
  readonly app: NestFastifyApplication;
  /** Every route of the server, as `GET /path/:parameter`. */
  readonly routes: readonly string[];
  stop(): Promise<void>;
}

/** The gateway as it runs, on a free port. */
export const startTestGateway = async (natsUrl: string, variables: Readonly<Record<string, string>> = { COUNTERSIGN_LOCAL_IMPLICIT: 'true' }): Promise<TestGateway> => {
  const config = loadConfig(gatewayConfigSchema, { NATS_URL: natsUrl, PORT: '0', LOG_LEVEL: 'silent', ...variables });
  @Module({ imports: [PlatformModule.forRoot({ name: 'gateway-test', natsUrl, logLevel: config.LOG_LEVEL }), NatsModule.forRoot({ url: natsUrl, name: 'gateway-test' }), GatewayModule.forRoot(config)] })
  class TestRoot {}
  const adapter = createFastifyAdapter();
  const routes: string[] = [];
  adapter.getInstance().addHook('onRoute', ({ method, url }) => {
    routes.push(...[method].flat().map((name) => `${name} ${url}`));
  });
  const app = await NestFactory.create<NestFastifyApplication>(TestRoot, adapter, { bodyParser: false, abortOnError: false, logger: false });
  configureGateway(app);
  const url = await listenGateway(app, config).catch(async (error: unknown) => {
    await app.close();
    throw error;
  });
  return { url, port: Number(new URL(url).port), app, routes, stop: () => app.close() };
};

export interface KeyOwner {
  readonly key: string;
  readonly org_id: string;
  readonly workspace_id: string;
  readonly actor_id: string;
  readonly kind?: 'human' | 'agent';
}

export const keyFileText = (owners: readonly KeyOwner[]): string =>
  JSON.stringify(owners.map(({ key, kind = 'human', ...owner }, index) => ({ id: `key-${index}`, sha256: createHash('sha256').update(key).digest('hex'), kind, ...owner })));

export interface KeyFile {
  readonly path: string;
  write(text: string): Promise<void>;
  remove(): Promise<void>;
}

/** A key file in a folder of its own. */
export const writeKeyFile = async (owners: readonly KeyOwner[]): Promise<KeyFile> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'cs-keys-'));
  const file = path.join(folder, 'keys.json');
  const write = (text: string): Promise<void> => writeFile(file, text);
  await write(keyFileText(owners));
  return { path: file, write, remove: () => rm(folder, { recursive: true }) };
};

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Parsed when it is JSON. */
  readonly body: Record<string, unknown>;
}

interface Send {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

const parsed = (text: string): Record<string, unknown> => {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
};

/** One request with exactly these headers: `fetch` would not let a test choose Host or Origin. */
export const send = ({ port }: { readonly port: number }, target: string, { method = 'GET', headers = {}, body }: Send = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, path: target, method, headers: { connection: 'close', ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parsed(text) });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });

interface Post {
  readonly json: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export const post = (gateway: { readonly port: number }, target: string, { json, headers = {} }: Post): Promise<Answer> =>
  send(gateway, target, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(json) });

/** Writes raw bytes to the port and answers everything that came back. */
export const sendRaw = ({ port }: { readonly port: number }, bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connectSocket(port, '127.0.0.1', () => socket.write(bytes));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
  });

/** Waits until a condition holds; fails with what it was waiting for. */
export const eventually = async (what: string, holds: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> => {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
