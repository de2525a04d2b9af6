// Reads a Dockerfile as far as ours goes: stages, and of each what it copies and how it runs.

const instructionsOf = (text) =>
  text.split('\n').filter((line) => !/^\s*#/.test(line)).join('\n').replace(/\\\n/g, ' ').split('\n')
    .map((line) => /^\s*([A-Z]+)\s+(.*\S)\s*$/.exec(line)).filter(Boolean).map(([, name, rest]) => ({ name, rest }));

const replaceArguments = (text, values) => text.replace(/\$\{?(\w+)\}?/g, (whole, name) => values[name] ?? whole);

const asWords = (text) => (text.startsWith('[') ? JSON.parse(text) : text.split(/\s+/));

const asCopy = (text) => {
  const words = asWords(text);
  const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
  const paths = words.filter((word) => !word.startsWith('--'));
  return { from, sources: paths.slice(0, -1), target: paths.at(-1) };
};

const apply = {
  ENV: (stage, rest) => Object.assign(stage.env, Object.fromEntries(rest.split(/\s+/).map((pair) => pair.split('=')))),
  WORKDIR: (stage, rest) => void (stage.workdir = rest),
  USER: (stage, rest) => void (stage.user = rest),
  COPY: (stage, rest) => void stage.copies.push(asCopy(rest)),
  RUN: (stage, rest) => void stage.runs.push(rest),
  CMD: (stage, rest) => void (stage.command = asWords(rest)),
};

const inherit = (base) => ({ env: { ...base?.env }, workdir: base?.workdir, user: base?.user, command: base?.command, copies: [...(base?.copies ?? [])], runs: [...(base?.runs ?? [])] });

/** The stages in order. A stage that builds on another has everything of that one too; `image` is what it finally rests on. */
export const readDockerfile = (text) => {
  const stages = [];
  const globals = {};
  for (const { name, rest } of instructionsOf(text)) {
    const stage = stages.at(-1);
    if (name === 'ARG' && !stage) {
      const [key, value = ''] = rest.split('=');
      globals[key] = value;
    } else if (name === 'FROM') {
      const [from, , as] = replaceArguments(rest, globals).split(/\s+/);
      const base = stages.find((candidate) => candidate.name === from);
      stages.push({ ...inherit(base), name: as ?? from, from, image: base ? base.image : from, lineage: [...(base?.lineage ?? []), as ?? from] });
    } else if (stage && apply[name]) apply[name](stage, rest);
    else throw new Error(`the Dockerfile instruction ${name} is not known to the check`);
  }
  return { stages, stage: (name) => stages.find((candidate) => candidate.name === name) };
};

/** The script of `node [options] script`, or `undefined`. */
export const scriptOf = (command) => (command?.[0] === 'node' ? command.slice(1).find((word) => !word.startsWith('-')) : undefined);

/** Whether a path of the build context is left out by a `.dockerignore` text; the last line that fits decides. */
export const isIgnored = (text, file) => {
  let ignored = false;
  for (const line of text.split('\n').map((raw) => raw.trim()).filter((raw) => raw !== '' && !raw.startsWith('#'))) {
    const keeps = line.startsWith('!');
    const pattern = (keeps ? line.slice(1) : line).replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*\*\//g, '<any>').replace(/\*/g, '[^/]*').replace(/<any>/g, '(?:.*/)?');
    if (new RegExp(`^${pattern}(?:/.*)?$`).test(file)) ignored = !keeps;
  }
  return ignored;
};
