/**
 * Bare node:http and bare Express doing the JSON work of the API's answers, and keeping what comes to /keep with one insert. Arguments: their two
 * ports, a file with the answers.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import express from 'express';
import { settingsOrExit } from '../config/settings.ts';
import { createPool } from '../db/pool.ts';
import type { Answers } from './api.ts';

const [httpPort, expressPort, file] = process.argv.slice(2);
const answers = JSON.parse(readFileSync(file!, 'utf8')) as Answers;
const settings = settingsOrExit();
const pool = createPool(settings.databaseUrl, settings.dbPoolSize);

const whole = async (req: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part as Buffer);
  return Buffer.concat(parts);
};
const parsed = async (req: IncomingMessage): Promise<unknown> => JSON.parse((await whole(req)).toString());

const bare = createServer((req, res) => {
  void (async () => {
    if (req.url === '/keep') {
      await pool.query(`insert into bench_webhook (body) values ($1)`, [await whole(req)]);
      return void res.end('OK');
    }
    if (req.method === 'POST') await parsed(req);
    if (req.url === '/post-sql') for (const { text, values } of answers.statements) await pool.query(text, values);
    const body = JSON.stringify(req.method === 'POST' ? answers.post : answers.get);
    res.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
    });
    res.end(body);
  })().catch((error: Error) => res.writeHead(500).end(error.message));
});
bare.listen(Number(httpPort), '127.0.0.1');

const app = express();
app.use(express.json());
app.get('/get', (_req, res) => void res.json(answers.get));
app.post('/post', (_req, res) => void res.json(answers.post));
app.listen(Number(expressPort), '127.0.0.1', () => process.stdout.write('references listen\n'));

process.once('SIGTERM', () => process.exit(0));
