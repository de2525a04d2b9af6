// Reads a compose file the way compose does: strict YAML with merge keys, then ${VARIABLES}.
import { parseDocument } from 'yaml';

/** `${NAME}`, `${NAME:-default}`, `${NAME:?message}`, and `$$` for a dollar sign. */
const reference = /\$\$|\$\{([A-Za-z_]\w*)(?:(:?[-?])([^}]*))?\}/g;

const interpolateText = (text, { env, variables }) =>
  text.replace(reference, (whole, name, operator, argument) => {
    if (whole === '$$') return '$';
    variables.add(name);
    const value = env[name];
    const missing = value === undefined || (operator?.startsWith(':') && value === '');
    if (!missing) return value;
    if (operator?.endsWith('?')) throw new Error(`${name} must be set: ${argument}`);
    return argument ?? '';
  });

const interpolate = (node, context) => {
  if (typeof node === 'string') return interpolateText(node, context);
  if (Array.isArray(node)) return node.map((item) => interpolate(item, context));
  if (node === null || typeof node !== 'object') return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, interpolate(value, context)]));
};

const parse = (text) => {
  const document = parseDocument(text, { merge: true, strict: true, uniqueKeys: true, prettyErrors: true });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw new Error(problem.message);
  return document.toJS();
};

const asMap = (value) => {
  if (!Array.isArray(value)) return Object.fromEntries(Object.entries(value ?? {}).map(([name, entry]) => [name, entry === null ? '' : String(entry)]));
  return Object.fromEntries(value.map((entry) => [entry.split('=')[0], entry.slice(entry.indexOf('=') + 1)]));
};

const asDependencies = (value) => (Array.isArray(value) ? Object.fromEntries(value.map((name) => [name, { condition: 'service_started' }])) : (value ?? {}));

const asPort = (text) => {
  const parts = String(text).split(':');
  const [port, hostPort, host] = parts.reverse();
  return { port, hostPort, host };
};

const asVolume = (text) => {
  const [source, target, mode] = text.split(':');
  return { source, target, mode, bind: /^[./~]/.test(source) };
};

const asList = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

const asService = (name, service) => ({
  ...service,
  name,
  environment: asMap(service.environment),
  envFiles: asList(service.env_file),
  dependsOn: asDependencies(service.depends_on),
  ports: asList(service.ports).map(asPort),
  volumes: asList(service.volumes).map(asVolume),
  networks: asList(service.networks),
  secrets: asList(service.secrets),
});

/**
 * The compose file with its variables replaced, in one normal form.
 * `variables` names every variable it refers to. Throws when it is not strict YAML.
 */
export const readComposeFile = (text, env = {}) => {
  const variables = new Set();
  const document = interpolate(parse(text), { env, variables });
  const services = Object.entries(document.services ?? {}).map(([name, service]) => asService(name, service));
  const { networks = {}, volumes = {}, secrets = {} } = document;
  return { document, variables, services, service: (name) => services.find((service) => service.name === name), networks, volumes, secrets };
};

/** Variables of a file in the format of `env_file` and `.env`. */
export const readEnvText = (text) =>
  Object.fromEntries(
    text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#')).map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]),
  );

/** Services in an order in which each comes after those it depends on. Throws on a cycle. */
export const startOrder = (services) => {
  const order = [];
  const visit = (service, trail) => {
    if (trail.includes(service.name)) throw new Error(`depends_on goes in a circle: ${[...trail, service.name].join(' → ')}`);
    if (order.includes(service)) return;
    for (const name of Object.keys(service.dependsOn)) {
      const dependency = services.find((candidate) => candidate.name === name);
      if (dependency) visit(dependency, [...trail, service.name]);
    }
    order.push(service);
  };
  for (const service of services) visit(service, []);
  return order;
};

const unitsMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A compose duration such as `1m30s`, in milliseconds. */
export const durationMs = (text) => {
  const parts = [...String(text).matchAll(/(\d+)(ms|s|m|h)/g)];
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * unitsMs[unit], 0);
};
