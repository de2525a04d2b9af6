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

const guide = readFileSync(path.join(root, 'docs/operate/monitoring.md'), 'utf8');
const { services: containers } = readComposeFile(readFileSync(path.join(root, 'docker-compose.monitoring.yml'), 'utf8'));
const series = seriesOf(await exposed());
const rules = parse(read('alerts.yml'), { strict: true }).groups.flatMap((group) => group.rules);
const names = rules.map(({ alert }) => alert);
const dashboard = JSON.parse(read('grafana/dashboards/countersign.json'));
const datasource = parse(read('grafana/provisioning/datasources/prometheus.yml')).datasources[0].uid;
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const expressions = [
  ...rules.map(({ alert, expr }) => [`alerts.yml: ${alert}`, expr]),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [`countersign.json: ${title}`, expr])),
];
const problems = [
  ...containers.flatMap(containerProblems),
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
const unnoticed = [...wrong.filter((expr) => checkExpression(expr, series).length === 0), ...wrongRunbooks.filter((runbook) => runbookProblems(runbook).length === 0)];
for (const text of unnoticed) console.log(`UNNOTICED ${text}`);
process.exitCode = problems.length + unnoticed.length === 0 ? 0 : 1;
