// Rules about how the compose file hangs together.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { durationMs, startOrder } from './compose-file.mjs';

const portable = ({ compose }) => [
  ...['name', 'configs', 'version'].filter((key) => key in compose.document).map((key) => `top level: "${key}" is not understood by every compose; remove it`),
  ...compose.services.flatMap((service) =>
    Object.entries(service.dependsOn).filter(([, { restart }]) => restart !== undefined).map(([name]) => `${service.name}.depends_on.${name}: "restart" is rejected by compose v1; remove it`)),
];

const everyApp = ({ root, compose, scriptFor }) => {
  const apps = readdirSync(path.join(root, 'apps')).filter((app) => app !== 'standalone' && existsSync(path.join(root, 'apps', app, 'src/main.ts')));
  const scripts = compose.services.map(scriptFor);
  return apps.filter((app) => !scripts.includes(`apps/${app}/dist/main.js`)).map((app) => `apps/${app} has a main.ts but no service runs it; add one to docker-compose.yml and a stage to the Dockerfile`);
};

const conditions = ['service_started', 'service_healthy', 'service_completed_successfully'];

const dependencyProblem = (service, name, { condition }, { compose, isOneShot }) => {
  const where = `${service.name}.depends_on.${name}`;
  const target = compose.service(name);
  if (!target) return `${where}: there is no such service; the services are ${compose.services.map((other) => other.name).join(', ')}`;
  if (!conditions.includes(condition)) return `${where}: the condition "${condition}" does not exist; use one of ${conditions.join(', ')}`;
  if (condition === 'service_healthy' && !hasHealthCheck(target)) return `${where}: it waits for health, but ${name} has no health check; give it one`;
  if (condition === 'service_completed_successfully' && target.restart !== 'on-failure') return `${where}: it waits for ${name} to end, which its restart policy "${target.restart}" prevents; use on-failure`;
  if (condition === 'service_started') return `${where}: "service_started" says nothing about readiness; use ${isOneShot(target) ? 'service_completed_successfully' : 'service_healthy'}`;
  return undefined;
};

export const hasHealthCheck = (service) => service.healthcheck?.test !== undefined && service.healthcheck.disable !== true;

const dependencies = (project) => {
  const problems = project.compose.services.flatMap((service) =>
    Object.entries(service.dependsOn).map(([name, dependency]) => dependencyProblem(service, name, dependency, project)).filter(Boolean));
  try {
    startOrder(project.compose.services);
  } catch (error) {
    problems.push(`${error.message}; remove one of these`);
  }
  return problems;
};

const referenceProblems = (service, kind, declared) =>
  service[kind].map((entry) => (typeof entry === 'string' ? entry : entry.source)).filter((name) => !(name in declared)).map((name) => `${service.name}.${kind}: "${name}" is not declared at the top level; declare it or correct the name`);

const unused = (kind, declared, used) => Object.keys(declared).filter((name) => !used.includes(name)).map((name) => `${kind}.${name}: no service uses it; remove it`);

const references = ({ compose }) => {
  const { services, networks, volumes, secrets } = compose;
  const named = services.flatMap((service) => service.volumes.filter(({ bind }) => !bind).map((volume) => ({ service, ...volume })));
  return [
    ...services.flatMap((service) => [...referenceProblems(service, 'networks', networks), ...referenceProblems(service, 'secrets', secrets)]),
    ...named.filter(({ source }) => !(source in volumes)).map(({ service, source }) => `${service.name}.volumes: "${source}" is not declared at the top level; declare it or correct the name`),
    ...unused('networks', networks, services.flatMap((service) => service.networks)),
    ...unused('secrets', secrets, services.flatMap((service) => service.secrets)),
    ...unused('volumes', volumes, named.map(({ source }) => source)),
  ];
};

const bindMounts = ({ root, compose }) =>
  compose.services.flatMap((service) =>
    service.volumes.filter(({ bind }) => bind).flatMap(({ source, mode }) => [
      ...(existsSync(path.join(root, source)) ? [] : [`${service.name}.volumes: "${source}" does not exist; correct the path`]),
      ...(mode === 'ro' ? [] : [`${service.name}.volumes: "${source}" is writable by the container; add ":ro"`]),
    ]));

const publishedPort = (service, { host, hostPort, port }) => {
  const where = `${service.name}.ports`;
  if (service.name !== 'gateway') return [`${where}: only the gateway is reachable from outside; remove the port`];
  return [
    ...(host === '127.0.0.1' ? [] : [`${where}: without settings it is published on "${host ?? 'every address'}"; let COUNTERSIGN_BIND default to 127.0.0.1`]),
    ...(port === service.environment.PORT ? [] : [`${where}: port ${port} of the container is published, but PORT is ${service.environment.PORT}; make them equal`]),
    ...(Number(hostPort) > 0 ? [] : [`${where}: no port of the host is given; write address:port:port`]),
  ];
};

const publishedPorts = ({ compose }) => [
  ...compose.services.flatMap((service) => service.ports.flatMap((port) => publishedPort(service, port))),
  ...(compose.service('gateway')?.ports.length === 1 ? [] : ['gateway.ports: exactly one port is published; the gateway is the way in']),
  ...(compose.service('gateway')?.environment.HOST === '0.0.0.0' ? [] : ['gateway.environment.HOST: a published service listens on 0.0.0.0 inside its container']),
];

const restartPolicies = ({ compose, isOneShot }) =>
  compose.services.flatMap((service) => {
    const wanted = isOneShot(service) ? 'on-failure' : 'unless-stopped';
    return service.restart === wanted ? [] : [`${service.name}.restart: is "${service.restart}"; a service that ${isOneShot(service) ? 'ends' : 'stays up'} has "${wanted}"`];
  });

/** What each container must have, and what is wrong without it. */
const hardening = {
  read_only: [(service) => service.read_only === true, 'write "read_only: true"'],
  cap_drop: [(service) => service.cap_drop?.includes('ALL'), 'write "cap_drop: [ALL]" (and cap_add what is needed)'],
  security_opt: [(service) => service.security_opt?.includes('no-new-privileges:true'), 'write "security_opt: [no-new-privileges:true]"'],
  mem_limit: [(service) => service.mem_limit !== undefined, 'give it a memory limit'],
  cpus: [(service) => service.cpus !== undefined, 'give it a processor limit'],
  pids_limit: [(service) => service.pids_limit > 0, 'give it a limit of processes'],
  privileged: [(service) => service.privileged !== true, 'remove it'],
  stop_grace_period: [(service) => durationMs(service.stop_grace_period ?? '') >= 20_000, 'give it at least 20s; a service takes up to 15 s to drain'],
  'logging.options.max-size': [(service) => service.logging?.options?.['max-size'] !== undefined && service.logging.options['max-file'] !== undefined, 'bound the log by max-size and max-file'],
  user: [(service) => !service.build || /^[1-9]\d*:[1-9]\d*$/.test(service.user ?? ''), 'run as a numbered user that is not root'],
  init: [(service) => !service.build || service.init === true, 'write "init: true": node does not reap processes as number 1'],
};

const hardened = ({ compose }) =>
  compose.services.flatMap((service) => Object.entries(hardening).filter(([, [holds]]) => !holds(service)).map(([key, [, advice]]) => `${service.name}.${key}: ${advice}`));

export const structureRules = [
  { id: 'portable', title: 'the compose file is understood by every compose version', check: portable },
  { id: 'every-app', title: 'every app with a main.ts is a service', check: everyApp },
  { id: 'dependencies', title: 'depends_on names services that exist, without a circle, and waits for what they can reach', check: dependencies },
  { id: 'references', title: 'networks, volumes and secrets are declared, and used', check: references },
  { id: 'bind-mounts', title: 'mounted files exist and are read-only', check: bindMounts },
  { id: 'published-ports', title: 'only the gateway is published, on loopback unless set otherwise', check: publishedPorts },
  { id: 'restart', title: 'restart policies fit services that stay and services that end', check: restartPolicies },
  { id: 'hardening', title: 'containers are read-only, without privileges, and bounded', check: hardened },
];
