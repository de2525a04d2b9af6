// Collects what a service needs at run time besides npm packages: its compiled files and those of the
// libraries it depends on, each with its package.json. Used by the Dockerfile, and by
// tools/compose-processes.mjs to run the services from the same files without a container engine.
//   node infra/image-files.mjs <target folder> <app>...   writes <target folder>/<app>/{apps,libs}/…
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(import.meta.dirname, '..');

const projectFolders = () => {
  const found = [];
  const visit = (folder, depth) => {
    for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
      if (!entry.isDirectory() || entry.name === 'node_modules') continue;
      const child = path.posix.join(folder, entry.name);
      if (existsSync(path.join(root, child, 'package.json'))) found.push(child);
      else if (depth > 0) visit(child, depth - 1);
    }
  };
  visit('apps', 0);
  visit('libs', 1);
  return found;
};

const manifestOf = (folder) => JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));

/** The folders of an app and of everything in the workspace that it depends on, the app first. */
export const runtimeProjects = (app) => {
  const folders = new Map(projectFolders().map((folder) => [manifestOf(folder).name, folder]));
  const wanted = [path.posix.join('apps', app)];
  for (const folder of wanted) {
    for (const name of Object.keys(manifestOf(folder).dependencies ?? {})) {
      const dependency = folders.get(name);
      if (dependency && !wanted.includes(dependency)) wanted.push(dependency);
    }
  }
  return wanted;
};

/** Declarations and build records serve the compiler only. */
const isRuntimeFile = (file) => !/\.(d\.ts|d\.ts\.map|tsbuildinfo)$/.test(file);

/** Folders beside the compiled files that a library reads at run time. */
const dataFolders = ['policies'];

/** Copies the run-time files of an app into a folder, which then looks like `/app` in the image. */
export const copyRuntimeFiles = (app, target) => {
  for (const folder of runtimeProjects(app)) {
    const dist = path.join(root, folder, 'dist');
    if (!existsSync(dist)) throw new Error(`${folder}/dist is missing: build the workspace first`);
    cpSync(path.join(root, folder, 'package.json'), path.join(target, folder, 'package.json'));
    cpSync(dist, path.join(target, folder, 'dist'), { recursive: true, filter: isRuntimeFile });
    for (const data of dataFolders.map((name) => path.join(folder, name)).filter((name) => existsSync(path.join(root, name)))) cpSync(path.join(root, data), path.join(target, data), { recursive: true });
  }
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [target, ...apps] = process.argv.slice(2);
  if (!target || apps.length === 0) {
    console.error('Usage: node infra/image-files.mjs <target folder> <app>...');
    process.exit(2);
  }
  for (const app of apps) copyRuntimeFiles(app, path.join(target, app));
}
