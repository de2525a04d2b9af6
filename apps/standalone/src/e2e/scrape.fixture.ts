import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const root = path.resolve(import.meta.dirname, '../../../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** One metric of a scrape, with the labels of its samples. */
export interface Scraped {
  readonly type: string;
  readonly labels: Set<string>;
}

const sample = /^([A-Za-z_:][\w:]*)(?:\{((?:\w+="(?:[^"\\\n]|\\.)*",?)*)\})? (?:[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)$/;
const inHistogram = /_(?:bucket|sum|count)$/;

/** The text format of Prometheus: metrics by name. Throws at a line that is none of it, and at a sample of a metric that was not declared. */
export const readScrape = (text: string): ReadonlyMap<string, Scraped> => {
  const metrics = new Map<string, Scraped>();
  for (const line of text.split('\n').filter((one) => one !== '' && !one.startsWith('# HELP '))) {
    const [, declared, type] = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line) ?? [];
    if (declared !== undefined && type !== undefined) {
      metrics.set(declared, { type, labels: new Set() });
      continue;
    }
    const [, name = '', labels = ''] = sample.exec(line) ?? [];
    const metric = metrics.get(name) ?? metrics.get(name.replace(inHistogram, ''));
    if (metric === undefined) throw new Error(`not in the text format, or not declared: ${line}`);
    for (const [, label = ''] of labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) metric.labels.add(label);
  }
  return metrics;
};

/** A row of docs/reference/metrics.md. */
export interface Documented {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  /** Names of services, or `every service`. */
  readonly services: readonly string[];
}

export const documentedMetrics = (): readonly Documented[] =>
  [...read('docs/reference/metrics.md').matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \| ([^|]+) \|/gm)].map(([, name = '', type = '', labels = '', services = '']) => ({
    name, type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label), services: services.trim().split(', '),
  }));

interface Dashboard {
  readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
}

/** Every expression of the alert rules and the dashboard. */
export const monitoringExpressions = (): readonly string[] => [
  ...[...read('infra/monitoring/alerts.yml').matchAll(/^ +expr: (.+)$/gm)].map(([, expr = '']) => expr),
  ...(JSON.parse(read('infra/monitoring/grafana/dashboards/countersign.json')) as Dashboard).panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
];

/** What is wrong with an expression for series of these names and labels. */
export type CheckExpression = (expression: string, series: ReadonlyMap<string, readonly string[]>) => readonly string[];

export const expressionCheck = async (): Promise<CheckExpression> => ((await import(pathToFileURL(path.join(root, 'tools/lib/promql.mjs')).href)) as { readonly checkExpression: CheckExpression }).checkExpression;

/** Names of the samples of a metric, with their labels. */
export const seriesOf = (name: string, { type, labels }: { readonly type: string; readonly labels: Iterable<string> }): readonly (readonly [string, readonly string[]])[] =>
  type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => [name + suffix, suffix === '_bucket' ? [...labels, 'le'] : [...labels]]) : [[name, [...labels]]];
