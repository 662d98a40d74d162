import { Router, type Request } from 'express';
import { compare, fits, negate } from '../../../domain/money.ts';
import { fillInTable } from '../../kit/fill-in.ts';
import { word } from '../../kit/json.ts';
import { SandboxBroker, type BrokerAccount } from '../../kit/sandbox-broker.ts';
import { assure, guarded, jsonBody, neverAnswer, refusals, Refusal } from '../../kit/sandbox-wire.ts';
import type { SandboxModule } from '../../kit/sandbox.ts';

const API_KEY = 'acme-sandbox-key';
const ACCESS = ['FULL', 'READ_ONLY', 'OFF'];

interface Profile {
  reference: string;
  access: string;
}

/** A trading server at Acme of one's own. As strict as they are: credentials, fields, formats, limits. */
export const acmeSandbox = (): SandboxModule => {
  const broker = new SandboxBroker<Profile>({
    groups: { 'real-USD': { currency: 'USD', decimals: 2 }, 'real-EUR': { currency: 'EUR', decimals: 2 } },
    firstLogin: 500_001,
  });
  /** Logins about which the next answer carries a code nobody documented. */
  const odd = new Set<string>();

  const shown = ({ login, group, leverage, profile }: BrokerAccount<Profile>) => ({
    login,
    group,
    leverage,
    access: profile.access,
    reference: profile.reference,
    currency: broker.group(group)!.currency,
    ...broker.state(login),
  });
  const account = (req: Request): BrokerAccount<Profile> => {
    const found = broker.accounts.get(String(req.params['login']));
    assure(found, 404, 'not_found', 'No such account');
    assure(!odd.delete(found.login), 418, 'hyperspace', 'Nobody knows what this means');
    return found;
  };
  const leverageIn = (value: string) => {
    assure(/^\d{1,4}$/.test(value) && Number(value) >= 1, 400, 'leverage', 'leverage is not valid');
    return Number(value);
  };

  const routes = (): Router => {
    const api = Router();
    api.use(guarded((req) => req.get('authorization') === `Bearer ${API_KEY}`));
    api.get('/me', (_req, res) => res.json({ server: 'Sandbox' }));
    api.get('/groups/:group', (req, res) => {
      const group = broker.group(req.params.group);
      assure(group, 404, 'not_found', 'No such group');
      res.json({ name: req.params.group, currency: group.currency });
    });
    api.post('/accounts', (req, res) => {
      const body = jsonBody(req, ['reference', 'group', 'leverage', 'name', 'password', 'investorPassword']);
      assure(broker.group(word(body['group'])), 404, 'not_found', 'No such group');
      const profile = { reference: word(body['reference']), access: 'FULL' };
      const known = [...broker.accounts.values()].find((one) => one.profile.reference === profile.reference);
      if (known) return void res.json(shown(known));
      res.status(201).json(shown(broker.open(word(body['group']), leverageIn(word(body['leverage'])), profile)));
    });
    api.get('/accounts', (req, res) => {
      const found = [...broker.accounts.values()].filter(({ profile }) => profile.reference === req.query['reference']);
      res.json({ items: found.map(shown) });
    });
    api.get('/accounts/:login', (req, res) => res.json(shown(account(req))));
    api.post('/accounts/:login', (req, res) => {
      const one = account(req);
      const body = jsonBody(req, [], ['leverage', 'group', 'access']);
      const [leverage, group, access] = [word(body['leverage']), word(body['group']), word(body['access'])];
      assure(!group || broker.group(group), 404, 'not_found', 'No such group');
      assure(!access || ACCESS.includes(access), 400, 'access', 'access is not valid');
      if (leverage) one.leverage = leverageIn(leverage);
      if (group) one.group = group;
      if (access) one.profile.access = access;
      res.json(shown(one));
    });
    api.get('/accounts/:login/operations', (req, res) => {
      const { login } = account(req);
      const [from, to] = [Date.parse(String(req.query['from'])), Date.parse(String(req.query['to']))];
      const own = broker.operations.filter((one) => one.login === login && one.at >= from && one.at < to);
      res.json({ items: own.map((one) => ({ ...one, time: new Date(one.at).toISOString() })) });
    });
    api.post('/accounts/:login/operations', (req, res) => {
      const { login, group } = account(req);
      const body = jsonBody(req, ['type', 'amount'], ['comment']);
      const amount = word(body['amount']);
      assure(['IN', 'OUT'].includes(word(body['type'])), 400, 'type', 'type is not valid');
      const isMoney = /^\d{1,12}(\.\d+)?$/.test(amount) && compare(amount, '0') > 0;
      assure(isMoney && fits(amount, broker.group(group)!.decimals), 400, 'amount', 'amount is not valid');
      const signed = word(body['type']) === 'IN' ? amount : negate(amount);
      const moved = broker.move(login, 'balance', signed, word(body['comment']));
      if ('refused' in moved) throw new Refusal(422, moved.refused, 'The operation was refused');
      if (moved.answer) res.status(201).json(moved.done);
      else neverAnswer(res);
    });
    api.use(refusals(({ code, message }) => ({ error: { code, message } })));
    return api;
  };

  return {
    id: 'acme',
    defaultConfig: (origin) => ({ baseUrl: `${origin}/acme`, apiKey: API_KEY }),
    mount(desk) {
      broker.now = desk.now;
      return routes();
    },
    reset() {
      broker.reset();
      odd.clear();
    },
    numberFrom: (since) => broker.numberFrom(since),
    advance(login, to) {
      if (broker.advance(login, to)) return;
      if (to !== 'unknown_word') throw new Error('accounts know open_position, close_position, unknown_word');
      odd.add(login);
    },
    books: () => broker.books(),
    things: () => broker.things(),
    conformance: {
      calls: fillInTable(
        "sandbox.ts, conformance.calls: which request carries out which verb, e.g. { createAccount: { method: 'POST', path: '/accounts', body: 'reference' }, … } (the routes above are an example: make them the vendor's)",
      ),
      wrongCredentials: { apiKey: 'not the key' },
      trading: {
        group: 'real-USD',
        otherGroup: 'real-EUR',
        currency: { numericCode: 840, alphabeticCode: 'USD', minorUnit: 2 },
        leverage: 100,
        exact: '12345.67',
        // As many rows as they give at once; the routes above then answer page by page.
        page: null,
      },
    },
  };
};
