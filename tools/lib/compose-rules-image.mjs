// Rules about the images: what they rest on, what goes into them, what they run.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { runtimeProjects } from '../../infra/image-files.mjs';
import { isIgnored } from './compose-dockerfile.mjs';

const isPinned = (image) => /:[^:/]*\d/.test(image) && !image.endsWith(':latest');

const pinned = ({ compose, dockerfile }) => {
  const used = [
    ...compose.services.filter((service) => service.image).map((service) => [`${service.name}.image`, service.image]),
    ...dockerfile.stages.map((stage) => [`Dockerfile, stage ${stage.name}`, stage.image]),
  ];
  return [...new Set(used.filter(([, image]) => !isPinned(image)).map(([where, image]) => `${where}: "${image}" names no version; pin it`))];
};

const targets = ({ root, compose, dockerfile, ours }) => [
  ...ours.filter((service) => !existsSync(path.join(root, service.build.context ?? '.', service.build.dockerfile ?? 'Dockerfile'))).map((service) => `${service.name}.build: there is no Dockerfile in its context`),
  ...ours.filter((service) => !dockerfile.stage(service.build.target)).map((service) => `${service.name}.build.target: the Dockerfile has no stage "${service.build.target}"; its stages are ${dockerfile.stages.map((stage) => stage.name).join(', ')}`),
  ...compose.services.filter((service) => !service.build && !service.image).map((service) => `${service.name}: it has neither "build" nor "image"`),
];

const contextSources = ({ root, texts }, stage) =>
  stage.copies.filter(({ from }) => !from).flatMap(({ sources }) => sources).flatMap((source) => [
    ...(existsSync(path.join(root, source)) ? [] : [`Dockerfile, stage ${stage.name}: COPY ${source}: there is no such file`]),
    ...(isIgnored(texts.dockerignore, source) ? [`Dockerfile, stage ${stage.name}: COPY ${source}: .dockerignore leaves it out; add "!${source}"`] : []),
  ]);

const stageSources = (project, stage) =>
  stage.copies.filter(({ from }) => from).flatMap(({ from, sources }) => {
    const other = project.dockerfile.stage(from);
    if (!other) return [`Dockerfile, stage ${stage.name}: COPY --from=${from}: there is no such stage`];
    return sources.filter((source) => source.startsWith('/image/')).flatMap((source) => {
      const app = source.slice('/image/'.length);
      const made = other.runs.some((run) => run.includes('infra/image-files.mjs /image') && run.split(/\s+/).includes(app));
      return made ? [] : [`Dockerfile, stage ${stage.name}: COPY ${source}: the stage ${from} does not make it; add "${app}" to its image-files.mjs command`];
    });
  });

const copies = (project) => [...new Set(project.dockerfile.stages.flatMap((stage) => [...contextSources(project, stage), ...stageSources(project, stage)]))];

const appsIn = (stage) => stage.copies.flatMap(({ sources }) => sources).filter((source) => source.startsWith('/image/')).map((source) => source.slice('/image/'.length));

const commandProblem = (project, service) => {
  const stage = project.stageOf(service);
  if (!stage) return [];
  const where = `Dockerfile, stage ${stage.name}: CMD`;
  const script = project.scriptFor(service);
  if (!script) return [`${where}: it does not run "node <script>"`];
  const source = script.replace('/dist/', '/src/').replace(/\.js$/, '.ts');
  const folder = script.split('/dist/')[0];
  return [
    ...(existsSync(path.join(project.root, source)) ? [] : [`${where}: ${script} is compiled from ${source}, which does not exist; correct the path`]),
    ...(appsIn(stage).some((app) => existsSync(path.join(project.root, 'apps', app)) && runtimeProjects(app).includes(folder)) ? [] : [`${where}: ${folder} is not in this image; COPY /image/${path.basename(folder)}`]),
    ...((service.command ?? stage.command).includes('--enable-source-maps') ? [] : [`${where}: pass --enable-source-maps, so that stacks name the lines of the sources`]),
  ];
};

const commands = (project) => project.ours.flatMap((service) => commandProblem(project, service));

const isRuntimeCopy = ({ from, sources }) => from !== undefined || sources.every((source) => source === 'infra/ready.mjs');

const runtimeImage = (project) =>
  [...new Set(project.ours.map(project.stageOf).filter(Boolean))].flatMap((stage) => {
    const where = `Dockerfile, stage ${stage.name}`;
    const inherited = stage.lineage.flatMap((name) => project.dockerfile.stage(name)?.runs ?? []);
    return [
      ...(/^[1-9]\d*:[1-9]\d*$/.test(stage.user ?? '') ? [] : [`${where}: USER is "${stage.user ?? 'root'}"; use a number other than 0`]),
      ...(stage.env.NODE_ENV === 'production' ? [] : [`${where}: ENV NODE_ENV=production is missing`]),
      ...(stage.copies.every(isRuntimeCopy) ? [] : [`${where}: it copies sources; copy compiled files from the build stage`]),
      ...(stage.copies.some(({ from }) => from === 'dependencies') ? [`${where}: it has development packages; copy node_modules from production-dependencies`] : []),
      ...(inherited.length === 0 ? [] : [`${where}: it runs commands while the image is built; do that in a build stage`]),
    ];
  });

const productionPackages = ({ dockerfile }) => {
  const stage = dockerfile.stage('production-dependencies');
  return stage?.runs.some((run) => run.startsWith('npm ci') && run.includes('--omit=dev')) ? [] : ['Dockerfile, stage production-dependencies: run "npm ci --omit=dev"'];
};

export const imageRules = [
  { id: 'pinned-images', title: 'images name a version', check: pinned },
  { id: 'targets', title: 'every build target is a stage of the Dockerfile', check: targets },
  { id: 'copies', title: 'everything the Dockerfile copies exists and is part of the build context', check: copies },
  { id: 'commands', title: 'every command runs a program of the workspace that is in its image', check: commands },
  { id: 'runtime-image', title: 'images hold no sources, no development packages, and no root user', check: runtimeImage },
  { id: 'production-packages', title: 'packages are installed without development packages', check: productionPackages },
];

