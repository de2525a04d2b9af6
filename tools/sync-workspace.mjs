// Derives every project's compiler and Jest configuration from its package.json, so that the
// dependency list there is the only place where an edge of the project graph is written.
//   node tools/sync-workspace.mjs           write
//   node tools/sync-workspace.mjs --check   fail when a file is stale
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const check = process.argv.includes('--check');
const stale = [];

const listProjects = () => {
  const found = [];
  const visit = (dir, depth) => {
    for (const entry of readdir(dir)) {
      const folder = path.join(dir, entry);
      if (existsSync(path.join(folder, 'package.json'))) found.push(folder);
      else if (depth > 0) visit(folder, depth - 1);
    }
  };
  visit(path.join(root, 'apps'), 0);
  visit(path.join(root, 'libs'), 1);
  return found.sort();
};
const readdir = (dir) => (existsSync(dir) ? readdirSync(dir).filter((name) => statSync(path.join(dir, name)).isDirectory() && name !== 'node_modules' && name !== 'dist') : []);

const emit = (file, value) => {
  const text = typeof value === 'string' ? value : `${JSON.stringify(value, null, 2)}\n`;
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  if (check) stale.push(path.relative(root, file));
  else {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
};

const folders = listProjects();
const manifests = new Map(folders.map((folder) => [folder, JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))]));
const folderOf = new Map([...manifests].map(([folder, manifest]) => [manifest.name, folder]));

for (const [folder, manifest] of manifests) {
  const up = path.relative(folder, root);
  const pure = manifest.countersign?.pure === true;
  const reference = (name) => {
    const target = folderOf.get(name);
    if (!target) throw new Error(`${manifest.name} depends on ${name}, which is no project of this workspace`);
    return { path: path.join(path.relative(folder, target), 'tsconfig.lib.json') };
  };
  const projects = (dependencies) => Object.keys(dependencies ?? {}).filter((name) => name.startsWith('@cs/')).sort().map(reference);
  const tests = ['src/**/*.spec.ts', 'src/**/*.fixture.ts'];
  emit(path.join(folder, 'tsconfig.json'), {
    extends: `${up}/tsconfig.base.json`, files: [], include: [],
    references: [{ path: './tsconfig.lib.json' }, { path: './tsconfig.spec.json' }],
  });
  emit(path.join(folder, 'tsconfig.lib.json'), {
    extends: `${up}/tsconfig.base.json`,
    compilerOptions: { rootDir: 'src', outDir: 'dist', tsBuildInfoFile: 'dist/tsconfig.lib.tsbuildinfo', ...(pure ? { lib: ['es2023'], types: [] } : {}) },
    include: ['src/**/*.ts'], exclude: tests, references: projects(manifest.dependencies),
  });
  emit(path.join(folder, 'tsconfig.spec.json'), {
    extends: `${up}/tsconfig.base.json`,
    compilerOptions: { rootDir: 'src', outDir: 'out-tsc/spec', types: ['node', 'jest'] },
    include: tests, references: [{ path: './tsconfig.lib.json' }, ...projects(manifest.dependencies), ...projects(manifest.devDependencies)],
  });
  emit(path.join(folder, 'jest.config.mjs'), `import { preset } from '${up}/jest.preset.mjs';\nexport default preset(import.meta.dirname);\n`);
}
emit(path.join(root, 'tsconfig.json'), {
  extends: './tsconfig.base.json', files: [], references: folders.map((folder) => ({ path: path.relative(root, folder) })),
});

if (stale.length > 0) {
  console.error(`Stale project configuration; run "npm run sync":\n  ${stale.join('\n  ')}`);
  process.exit(1);
}
