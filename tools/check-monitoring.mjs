// Checks infra/monitoring against the code: every metric and label that an alert rule or the dashboard
// names is one that a service exposes, and expressions, durations and references can be read.
//   node tools/check-monitoring.mjs
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { parse } from 'yaml';
import { readComposeFile } from './lib/compose-file.mjs';
import { checkExpression } from './lib/promql.mjs';
import { readMetrics } from './lib/metrics.mjs';

const root = path.resolve(import.meta.dirname, '..');
const folder = path.join(root, 'infra/monitoring');
const read = (file) => readFileSync(path.join(folder, file), 'utf8');

const exposed = async () => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const own = registry.getMetricsAsArray().map(({ name, type, labelNames }) => ({ name, type, labels: labelNames }));
  registry.clear();
  return [...(await readMetrics()), ...own, { name: 'up', type: 'gauge', labels: [] }];
};

/** What a sample can be called: a histogram has three kinds. */
const seriesOf = (metrics) => {
  const series = new Map();
  for (const { name, type, labels } of metrics) {
    if (type !== 'histogram') series.set(name, labels);
    else for (const suffix of ['_bucket', '_sum', '_count']) series.set(name + suffix, suffix === '_bucket' ? [...labels, 'le'] : labels);
  }
  return series;
};

const severities = ['page', 'ticket'];
const duration = /^(\d+(ms|s|m|h|d))+$/;

const anchorOf = (heading) => heading.toLowerCase().replace(/[^\p{L}\p{N} -]/gu, '').replaceAll(' ', '-');

/** Whoever is woken finds what to do: a file of docs/operate, and a heading in it. */
const runbookProblems = (runbook) => {
  const [, file, anchor] = /^(docs\/operate\/[a-z-]+\.md)#([a-z0-9-]+)$/.exec(runbook) ?? [];
  if (file === undefined || !existsSync(path.join(root, file))) return [`"${runbook}" is no runbook; name a heading of docs/operate`];
  const headings = [...readFileSync(path.join(root, file), 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading));
  return headings.includes(anchor) ? [] : [`${file} has no heading "${anchor}"`];
};

const alertProblems = (rule, names) => {
  const where = `alerts.yml: ${rule.alert}`;
  return [
    ...(/^Countersign[A-Za-z]+$/.test(rule.alert ?? '') ? [] : [`${where}: the name of an alert begins with Countersign`]),
    ...(names.filter((name) => name === rule.alert).length === 1 ? [] : [`${where}: the name is used twice`]),
    ...(severities.includes(rule.labels?.severity) ? [] : [`${where}: severity is one of ${severities.join(', ')}`]),
    ...(rule.for === undefined || duration.test(rule.for) ? [] : [`${where}: "for: ${rule.for}" is no duration`]),
    ...(rule.annotations?.summary ? [] : [`${where}: give it a summary`]),
    ...runbookProblems(rule.annotations?.runbook ?? '').map((problem) => `${where}: ${problem}`),
    ...Object.keys(rule).filter((key) => !['alert', 'expr', 'for', 'labels', 'annotations'].includes(key)).map((key) => `${where}: "${key}" is not understood`),
  ];
};

/** The containers of docker-compose.monitoring.yml: pinned, hardened, bounded, and on this host only. */
const containerProblems = ({ name, image = '', volumes, ports, ...service }) => {
  const where = `docker-compose.monitoring.yml: ${name}`;
  return [
    ...(/:v?\d+\.\d+\.\d+$/.test(image) ? [] : [`${where}: "${image}" names no version; pin it`]),
    ...['read_only', 'cap_drop', 'security_opt', 'mem_limit', 'cpus', 'pids_limit', 'healthcheck', 'logging', 'stop_grace_period'].filter((key) => !service[key]).map((key) => `${where}.${key}: is missing`),
    ...ports.filter(({ host }) => host !== '127.0.0.1').map(({ hostPort }) => `${where}.ports: ${hostPort} is published on more than 127.0.0.1`),
    ...volumes.filter(({ bind, source, mode }) => bind && (mode !== 'ro' || !existsSync(path.join(root, source)))).map(({ source }) => `${where}.volumes: "${source}" does not exist or is not read-only`),
  ];
};

/** Grafana finds each of its data sources: a container that it shares a network with, on the port that it listens on. */
const sourceProblems = ({ uid, url }, { containers, listens }) => {
  const { hostname, port } = new URL(url);
  const container = containers.find(({ name }) => name === hostname);
  const grafana = containers.find(({ name }) => name === 'grafana');
  return [
    ...(container?.networks.some((network) => grafana?.networks.includes(network)) ? [] : [`data source ${uid}: grafana does not reach ${hostname}`]),
    ...(listens[hostname] === port ? [] : [`data source ${uid}: ${hostname} listens on ${listens[hostname]}, not on ${port}`]),
  ];
};

/** Tempo takes traces where the services are told to send them, and keeps them on its volume. */
const tempoProblems = ({ container, config, told }) => {
  const otlp = config.distributor.receivers.otlp.protocols.http.endpoint;
  const kept = [config.storage.trace.wal.path, config.storage.trace.local.path];
  const volume = container?.volumes.find(({ bind }) => !bind)?.target;
  return [
    ...(told.includes(`http://tempo:${otlp.split(':')[1]}`) ? [] : [`tempo.yml: .env.example names another address than http://tempo:${otlp.split(':')[1]}`]),
    ...(otlp.startsWith('0.0.0.0:') && container?.networks.includes('bus') ? [] : ['tempo: the services meet it on the network bus only; let it listen there']),
    ...kept.filter((place) => !place.startsWith(`${volume}/`)).map((place) => `tempo.yml: ${place} is on no volume`),
    ...(container?.healthcheck?.test.join(' ').includes(`:${config.server.http_listen_port}/ready`) ? [] : ['tempo.healthcheck: it asks another port than tempo.yml names']),
    ...(container?.volumes.some(({ target }) => container.command.includes(`-config.file=${target}`)) ? [] : ['tempo.command: its configuration is not mounted']),
  ];
};

const guide = readFileSync(path.join(root, 'docs/operate/monitoring.md'), 'utf8');
const { services: containers } = readComposeFile(readFileSync(path.join(root, 'docker-compose.monitoring.yml'), 'utf8'));
const series = seriesOf(await exposed());
const rules = parse(read('alerts.yml'), { strict: true }).groups.flatMap((group) => group.rules);
const names = rules.map(({ alert }) => alert);
const dashboard = JSON.parse(read('grafana/dashboards/countersign.json'));
const sources = ['prometheus', 'tempo'].flatMap((name) => parse(read(`grafana/provisioning/datasources/${name}.yml`)).datasources);
const datasource = sources[0].uid;
const tempo = { container: containers.find(({ name }) => name === 'tempo'), config: parse(read('tempo.yml'), { strict: true }), told: readFileSync(path.join(root, '.env.example'), 'utf8') };
const listens = { prometheus: '9090', tempo: String(tempo.config.server.http_listen_port) };
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const expressions = [
  ...rules.map(({ alert, expr }) => [`alerts.yml: ${alert}`, expr]),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [`countersign.json: ${title}`, expr])),
];
const problems = [
  ...containers.flatMap(containerProblems),
  ...sources.flatMap((source) => sourceProblems(source, { containers, listens })),
  ...tempoProblems(tempo),
  ...rules.flatMap((rule) => alertProblems(rule, names)),
  ...names.filter((name) => !guide.includes(`\`${name}\``)).map((name) => `docs/operate/monitoring.md: ${name} is not explained`),
  ...panels.filter((panel) => panel.datasource?.uid !== datasource).map(({ title }) => `countersign.json: ${title}: the data source is not ${datasource}`),
  ...expressions.flatMap(([where, expr]) => checkExpression(expr, series).map((problem) => `${where}: ${problem}`)),
];

for (const problem of problems) console.log(`BROKEN ${problem}`);
console.log(problems.length === 0 ? `${rules.length} alert rules and ${panels.length} panels name only what ${series.size} series have` : `\n${problems.length} problems`);

// Each of these must be noticed, or the check proves nothing.
const wrong = ['sum(countersign_nothing)', 'sum(countersign_runs', 'sum(countersign_runs{colour="red"})', 'sum by (colour) (countersign_runs)', 'rate(countersign_runs[5 minutes])', 'shout(countersign_runs)', 'countersign_runs{status="x}', 'sum(countersign_runs))'];
const wrongRunbooks = ['', 'docs/operate/nothing.md#alerts', 'docs/operate/monitoring.md#nothing', 'docs/guides/observe.md#logs', 'https://example.org/monitoring'];
const wrongSources = ['http://tempo:3201', 'http://jaeger:3200'].map((url) => ({ uid: url, url }));
const otherTempo = (change) => ({ ...tempo, ...change });
const wrongTempos = [
  otherTempo({ told: 'http://tempo:4317' }), otherTempo({ container: { ...tempo.container, networks: ['monitoring'] } }), otherTempo({ container: { ...tempo.container, volumes: [] } }),
  otherTempo({ config: { ...tempo.config, server: { http_listen_port: 80 } } }), otherTempo({ config: { ...tempo.config, storage: { trace: { wal: { path: '/tmp/wal' }, local: { path: '/tmp/blocks' } } } } }),
];
const unnoticed = [
  ...wrongSources.filter((source) => sourceProblems(source, { containers, listens }).length === 0).map(({ url }) => url),
  ...wrongTempos.filter((wrong) => tempoProblems(wrong).length === 0).map((_wrong, at) => `tempo ${at}`),
...wrong.filter((expr) => checkExpression(expr, series).length === 0),
  ...wrongRunbooks.filter((runbook) => runbookProblems(runbook).length === 0),
];
for (const text of unnoticed) console.log(`UNNOTICED ${text}`);
process.exitCode = problems.length + unnoticed.length === 0 ? 0 : 1;
