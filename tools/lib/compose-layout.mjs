// Puts the files of an image into a folder, as its stage of the Dockerfile copies them, without building it.
import { copyFileSync, cpSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { copyRuntimeFiles } from '../../infra/image-files.mjs';

const linkOrCopy = (from, to) => {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
};

/** A copy that takes no space where the file system allows it. Nested packages come by their own entry. */
const linkTree = (from, to) => {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules') linkTree(path.join(from, entry.name), path.join(to, entry.name));
    } else if (entry.isFile()) linkOrCopy(path.join(from, entry.name), path.join(to, entry.name));
  }
};

const lockedPackages = (root) => Object.entries(JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages);

/** The packages that `npm ci --omit=dev` installs, below `folder`/node_modules. */
export const linkProductionPackages = (root, folder) => {
  for (const [name, { dev, link }] of lockedPackages(root)) {
    if (!name.startsWith('node_modules/') || dev || link) continue;
    if (existsSync(path.join(root, name))) linkTree(path.join(root, name), path.join(folder, name));
  }
};

const linkInto = (target, file) => {
  mkdirSync(path.dirname(file), { recursive: true });
  symlinkSync(path.relative(path.dirname(file), target), file);
};

const packageNames = (folder) =>
  readdirSync(folder).flatMap((entry) => (entry.startsWith('@') ? readdirSync(path.join(folder, entry)).map((name) => `${entry}/${name}`) : [entry]));

/** npm's links from node_modules to the projects of the workspace, and the installed packages, which the images share. */
const linkPackages = (root, packages, target) => {
  for (const name of packageNames(path.join(packages, 'node_modules'))) linkInto(path.join(packages, 'node_modules', name), path.join(target, 'node_modules', name));
  for (const [name, { link, resolved }] of lockedPackages(root)) {
    if (link) linkInto(path.join(target, resolved), path.join(target, name));
  }
};

/**
 * Writes what a stage copies to `target`, which then is what WORKDIR is in its image.
 * `packages`: a folder that {@link linkProductionPackages} has filled.
 */
export const writeImageFiles = ({ root, stage, packages, target }) => {
  for (const { from, sources, target: to } of stage.copies) {
    for (const source of sources) {
      if (from === 'production-dependencies') linkPackages(root, packages, target);
      else if (source.startsWith('/image/')) copyRuntimeFiles(source.slice('/image/'.length), target);
      else if (from === undefined) cpSync(path.join(root, source), path.join(target, to), { recursive: true });
      else throw new Error(`COPY --from=${from} ${source} of stage ${stage.name} cannot be done without a container engine`);
    }
  }
};
