// Runs before every public npm script, on whatever Node there is: nothing but built-ins, and no TypeScript.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const stampFile = join(root, 'node_modules', '.hub-lock');
const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8');
const stamp = `${createHash('sha256').update(lockText).digest('hex')} ${process.platform}-${process.arch}\n`;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 11)) {
  console.error(
    `Node ${process.versions.node} is too old: install Node 20.11 or newer (the hub then brings its own Node 24).`,
  );
  process.exit(1);
}
if (!installed()) await aloneInThisFolder(install);

function installed() {
  return readIfThere(stampFile) === stamp;
}

/** An `npm ci` by hand is as good as ours: npm leaves a list of what it installed when it has finished. */
function installedByHand() {
  const list = readIfThere(join(root, 'node_modules', '.package-lock.json'));
  if (list === undefined || !existsSync(join(root, 'node_modules', 'node', 'bin', 'node'))) return false;
  const there = JSON.parse(list).packages;
  return Object.entries(JSON.parse(lockText).packages).every(
    ([path, wanted]) => path === '' || there[path]?.integrity === wanted.integrity || (wanted.optional && !there[path]),
  );
}

async function install() {
  if (installed()) return; // somebody else has just done it
  if (!installedByHand()) {
    const began = Date.now();
    const seconds = () => Math.round((Date.now() - began) / 1000);
    console.log('Installing packages (npm ci), once per lockfile …');
    const progress = setInterval(() => console.log(`  … still installing, ${seconds()} s`), 10_000);
    const code = await npm('ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error');
    clearInterval(progress);
    if (code !== 0) {
      console.error('npm ci failed: see its message above. Nothing can run before it succeeds.');
      process.exit(1);
    }
    console.log(`Packages installed in ${seconds()} s.`);
  }
  writeFileSync(stampFile, stamp);
}

function npm(...args) {
  const script = process.env.npm_execpath;
  const [command, first] = script ? [process.execPath, [script]] : ['npm', []];
  return new Promise((done) => {
    const child = spawn(command, [...first, ...args], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, SCARF_ANALYTICS: 'false' },
    });
    child.once('error', (error) => (console.error(error.message), done(1)));
    child.once('exit', (code) => done(code ?? 1));
  });
}

/** Two scripts started at once on a fresh clone must not install over each other. */
async function aloneInThisFolder(work) {
  const lock = join(root, '.cache', 'install-lock');
  mkdirSync(dirname(lock), { recursive: true });
  for (let said = false; !take(lock); said = true) {
    if (!said) console.log('Another command is installing packages: waiting for it …');
    await sleep(500);
  }
  process.once('exit', () => rmSync(lock, { force: true }));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  await work();
}

function take(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    const holder = Number(readIfThere(lock));
    if (holder > 0 && !isAlive(holder)) rmSync(lock, { force: true });
    return false;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
