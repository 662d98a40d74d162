/** Every method × everybody who might call it. What is expected follows from the methods' own declarations, so that a new one is tried without being written here. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { additions } from '../../api/additions.ts';
import { PREFIX, type Procedure } from '../../api/kit/procedure.ts';
import { seedDemo } from '../../db/seed/demo.ts';
import { RIGHTS } from '../../domain/rights.ts';
import { type Answer, type Caller, type TestApi, startTestApi, temporalThatIsDown } from '../kit/api-client.ts';
import { sampleOf } from '../kit/sample.ts';
import { type Owner, PERSONAL, brokerWithEverything, clientWithEverything } from './two-clients.ts';

/** About the caller alone. */
const NEEDS_NO_RIGHT = [
  ...['POST /signout', 'POST /signout/everywhere'],
  ...['GET /2fa', 'POST /2fa/code', 'POST /2fa/{type}', 'POST /2fa/{type}/confirm', 'DELETE /2fa'],
];
/** What every client is shown alike; every other list of clients is of their own things. */
const CATALOGUES = [
  ...['/my/products/currencies', '/my/products/groups', '/my/verifications/levels'],
  '/my/platforms',
  ...['/my/2fa', '/my/countries', '/my/clients/types'],
  ...['/my/deposits/methods', '/my/deposits/groups', '/my/withdrawals/methods', '/my/withdrawals/groups'],
];
/** Parameters that are words. */
const WORDS: Record<string, string> = {
  '/rates/{baseCurrency}': 'EUR',
  '/rates/{}/{quoteCurrency}': 'USD',
  '/my/rates/{baseCurrency}': 'EUR',
  '/my/rates/{}/{quoteCurrency}': 'USD',
  '/my/currencies/{alphabeticCode}': 'EUR',
  '/connections/providers/{provider}': 'manual',
  '/my/signin/qrcodes/{channel}': `qr.${randomUUID()}`,
};
/** Lists that are served under another path than what belongs to their rows. */
const LISTED_AT: Record<string, string> = { '/my/withdrawal-methods': '/my/withdrawals/methods' };
/** Methods for accounts at trading platforms, which a wallet is not. */
const OF_TRADING_ACCOUNTS = '/my/accounts/{accountId}/password';
/** Lists of the broker's that are empty here. */
const EMPTY = ['/deposits/methods/{}/attributes', '/withdrawals/methods/{}/attributes'];
/** Lists that ask a trading platform. */
const ELSEWHERE = ['/my/positions', '/my/deals'];
/** Wants the proof of a second factor beside the access token. */
const WANTS_PROOF = ['POST /my/password/change'];
/** Only who wrote it changes it. */
const WANTS_ITS_AUTHOR = ['PUT /clients/{clientId}/notes/{noteId}', 'PATCH /clients/{clientId}/notes/{noteId}'];
/** Where a field of a body means another object than elsewhere. */
const MEANS: Record<string, Record<string, string>> = {
  'POST /deposits': { methodId: 'depositMethodId' },
  'POST /my/deposits': { methodId: 'depositMethodId' },
  'POST /my/deposits/sync': { methodId: 'depositMethodId' },
};

let api: TestApi;
let ann: Owner;
let bob: Owner;
/** Whom nobody acts for, so that anything may be done to him. */
let carl: Owner;
let admin: Caller;
let masked: Caller;
/** All rights, but only for Bob. */
let onlyBob: Caller;

beforeAll(async () => {
  api = await startTestApi({
    temporal: temporalThatIsDown(),
    additions,
    env: { HUB_STATE_DIR: mkdtempSync(join(tmpdir(), 'hub-matrix-')) },
  });
  const connections = ['bank', 'b2binpay', 'b2binpay-address', 'mt5'].map((name) => ({
    ...{ provider: name === 'bank' ? 'manual' : name, name, caption: name, config: {} },
  }));
  await seedDemo(api.deps.pool, api.settings.configKeys, connections);
  await brokerWithEverything(api);
  [ann, bob] = [await clientWithEverything(api, 'ann'), await clientWithEverything(api, 'bob')];
  carl = await clientWithEverything(api, 'carl');
  admin = await api.operator();
  masked = await api.operator(['*'], { maskData: true });
  onlyBob = await api.operator(['*'], { tagIds: [bob.tag] });
});
afterAll(() => api?.stop());

const short = ({ path }: Procedure): string => path.replace(PREFIX, '');
const nameOf = (one: Procedure): string => `${one.method} ${short(one)}`;
const of = (access: 'user' | 'client' | 'public', method?: string): Procedure[] =>
  api.procedures.filter((one) => one.spec.access === access && (method === undefined || one.method === method));

/** The fields of an answer, or of the rows of a list. */
const fieldsOf = ({ spec }: Procedure): string[] => {
  if (spec.answer === null) return [];
  const root = z.toJSONSchema(spec.answer, { unrepresentable: 'any' });
  const rows = (root.properties?.['data'] as z.core.JSONSchema.BaseSchema | undefined)?.items;
  const one = (rows ?? root) as z.core.JSONSchema.BaseSchema;
  const named = root.$defs?.[one.$ref?.replace('#/$defs/', '') ?? ''] as typeof one | undefined;
  return Object.keys((named ?? one).properties ?? {});
};
const isList = ({ method, spec }: Procedure): boolean => {
  if (method !== 'GET' || spec.answer === null) return false;
  const { properties } = z.toJSONSchema(spec.answer, { unrepresentable: 'any' });
  return properties !== undefined && 'total' in properties && 'data' in properties;
};
const hasParams = (one: Procedure): boolean => one.path.includes('{');

type Row = Record<string, unknown>;
const listed = new Map<string, Promise<Row[]>>();
/** The rows of a list as somebody sees it. */
const rowsOf = (path: string, who: Caller): Promise<Row[]> => {
  const key = `${who.token} ${path}`;
  const rows = listed.get(key) ?? readRows(path, who);
  listed.set(key, rows);
  return rows;
};

const readRows = async (path: string, who: Caller): Promise<Row[]> => {
  const [long, plain] = [await who.call(`GET ${PREFIX}${path}?limit=1000`), await who.call(`GET ${PREFIX}${path}`)];
  return ((long.status === 200 ? long : plain).body.data ?? []) as Row[];
};

/** The value that names a row in a path: of `clientId` or `id`, whichever the row has. */
const idIn = (row: Row, param: string): unknown => row[param] ?? row['id'] ?? row['numericCode'] ?? row['name'];

/** A row that belongs to a client. */
interface Owned {
  mine: unknown;
}
const isOwned = (found: unknown): found is Owned => typeof found === 'object' && found !== null && 'mine' in found;

interface Placed {
  path: string;
  /** Somebody's own: others find nothing there. */
  owned: boolean;
}

/** The path of a method, with objects of this client where it names some. Undefined when there is nothing to name. */
const placed = async (one: Procedure, whose: Owner): Promise<Placed | undefined> => {
  const side = one.spec.access === 'client' ? whose : admin;
  let path = '';
  let pattern = '';
  let owned = false;
  for (const segment of short(one).split('/').slice(1)) {
    const param = /^\{(\w+)\}$/.exec(segment)?.[1];
    if (param === undefined) {
      [path, pattern] = [`${path}/${segment}`, `${pattern}/${segment}`];
      continue;
    }
    const words = (one.spec.params?.shape[param] as z.ZodType | undefined) ?? z.string();
    const found =
      ownIn(one, `${pattern}/{${param}}`, whose) ??
      WORDS[`${pattern}/{${param}}`] ??
      firstWord(words) ??
      (await objectIn(path, pattern, param, whose, side));
    if (found === undefined) return undefined;
    owned ||= isOwned(found);
    path = `${path}/${encodeURIComponent(String(isOwned(found) ? found.mine : found))}`;
    pattern = `${pattern}/{}`;
  }
  return { path: `${PREFIX}${path}`, owned };
};

/** What a client has that no list shows, or of which his first one will not do. */
const ownIn = (one: Procedure, place: string, { ids, pushToken }: Owner): Owned | undefined => {
  if (place === '/my/devices/tokens/{token}') return { mine: pushToken };
  return short(one).startsWith(OF_TRADING_ACCOUNTS) ? { mine: ids['creditAccountId'] } : undefined;
};

const firstWord = (schema: z.ZodType): unknown => {
  const { enum: words } = z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' });
  return words?.[0];
};

/** A row of the list a parameter belongs to; `mine` when such rows belong to clients. */
const objectIn = async (path: string, pattern: string, param: string, whose: Owner, side: Caller): Promise<unknown> => {
  const list = api.procedures.find(
    (one) =>
      one.method === 'GET' && short(one).replace(/\{\w+\}/g, '{}') === (LISTED_AT[pattern] ?? pattern) && isList(one),
  );
  if (!list) return undefined;
  if (EMPTY.includes(pattern)) return 1;
  const rows = await rowsOf(LISTED_AT[path] ?? path, side);
  if (pattern.startsWith('/my/')) {
    const row = rows[0] && idIn(rows[0], param);
    return CATALOGUES.includes(LISTED_AT[pattern] ?? pattern) || row === undefined ? row : { mine: row };
  }
  if (!fieldsOf(list).includes('clientId')) return rows[0] && idIn(rows[0], param);
  const row = rows.find(({ clientId }) => clientId === whose.id);
  return row && { mine: idIn(row, param) };
};

const bodyOf = (one: Procedure, whose: Owner): unknown => {
  if (one.method === 'GET' || one.spec.body === undefined || one.spec.multipart) return undefined;
  const meant = Object.entries(MEANS[nameOf(one)] ?? {}).map(([field, id]) => [field, whose.ids[id]]);
  return sampleOf(one.spec.body, {
    ...whose.ids,
    amount: '10',
    password: 'Secret 12345',
    number: '+4930123456',
    email: 'somebody@example.com',
    countryId: 276,
    ...Object.fromEntries(meant),
  });
};
const namesClient = (body: unknown, whose: Owner): boolean =>
  Object.entries((body ?? {}) as Row).some(
    ([field, value]) => /^(client|.*[aA]ccount|transaction|document)Id$/.test(field) && value === whose.ids[field],
  );

const reasonOf = ({ body }: Answer): string => body?.error?.details?.[0]?.reason ?? '';
const saysNotThere = (answer: Answer): boolean => answer.status === 404 || reasonOf(answer) === 'not_found';

/** Tells of all that is wrong at once. */
const wrongs = async (
  methods: readonly Procedure[],
  look: (one: Procedure) => Promise<string | undefined>,
): Promise<string[]> => {
  const found: string[] = [];
  for (const one of methods) {
    const wrong = await look(one);
    if (wrong !== undefined) found.push(`${nameOf(one)}: ${wrong}`);
  }
  return found;
};
const any = (one: Procedure): string => `${one.method} ${one.path.replace(/\{\w+\}/g, '1')}`;
const said = ({ status, body }: Answer): string => {
  const [{ reason = '', field = '' } = {}] = body?.error?.details ?? [];
  return `${status} ${reason} ${field}`.trim();
};

describe('every method', () => {
  it('has a place: an object of ours or of a client for each of its parameters', async () => {
    expect(api.procedures.length).toBeGreaterThan(350);
    const lost = await wrongs(api.procedures.filter(hasParams), async (one) =>
      (await placed(one, ann)) ? undefined : 'no object is known for its path',
    );
    expect(lost).toEqual([]);
  });

  it('names the right it needs, unless it is about the caller alone', () => {
    const without = of('user').filter(({ spec }) => spec.permission === undefined);
    expect(without.map(nameOf)).toEqual(NEEDS_NO_RIGHT);
  });
});

describe('nobody', () => {
  it('calls what is public, and nothing else', async () => {
    expect(
      await wrongs(api.procedures, async (one) => {
        const answer = await api.call(any(one), one.method === 'GET' ? {} : { body: {} });
        const open = one.spec.access === 'public';
        return open === (answer.status !== 401) ? undefined : said(answer);
      }),
    ).toEqual([]);
  });
});

describe('a client', () => {
  it('calls no method of the Back Office', async () => {
    expect(
      await wrongs(of('user'), async (one) => {
        const answer = await ann.call(any(one), one.method === 'GET' ? undefined : {});
        return answer.status === 403 ? undefined : said(answer);
      }),
    ).toEqual([]);
  });

  it('reads his own things, and finds no thing of another client', async () => {
    expect(
      await wrongs(of('client', 'GET').filter(hasParams), async (one) => {
        const { path, owned } = (await placed(one, ann))!;
        const [mine, theirs] = [await ann.call(`GET ${path}`), await bob.call(`GET ${path}`)];
        if (!owned) return undefined;
        if (mine.status !== 200 && !saysElsewhere(mine)) return `his own: ${said(mine)}`;
        return saysNotThere(theirs) ? undefined : `another's: ${said(theirs)}`;
      }),
    ).toEqual([]);
  });

  it('sees nothing in a list that another client sees in his, but what all clients are shown', async () => {
    const lists = of('client', 'GET').filter((one) => isList(one) && !hasParams(one));
    expect(
      await wrongs(lists, async (one) => {
        const [mine, theirs] = [await rowsOf(short(one), ann), await rowsOf(short(one), bob)];
        const id = fieldsOf(one)[0]!;
        if ([...CATALOGUES, ...ELSEWHERE].includes(short(one)) || !/(^i|I)d$/.test(id)) return undefined;
        if (mine.length === 0) return 'nothing of the client is there: seed it in two-clients.ts';
        return mine.some((row) => theirs.some((other) => other[id] === row[id])) ? 'both see the same' : undefined;
      }),
    ).toEqual([]);
  });

  it('changes nothing of another client', async () => {
    expect(
      await wrongs(
        of('client').filter(({ method }) => method !== 'GET'),
        async (one) => {
          const { path, owned } = (await placed(one, ann))!;
          const body = bodyOf(one, ann);
          if (!owned && !namesClient(body, ann)) return undefined;
          const answer = await bob.call(`${one.method} ${path}`, body);
          return saysNotThere(answer) ? undefined : said(answer);
        },
      ),
    ).toEqual([]);
  });
});

describe('an operator', () => {
  it('calls no method of clients', async () => {
    expect(
      await wrongs(of('client'), async (one) => {
        const answer = await admin.call(any(one), one.method === 'GET' ? undefined : {});
        return answer.status === 403 ? undefined : said(answer);
      }),
    ).toEqual([]);
  });

  it('who holds every right but one cannot call what needs that one', async () => {
    const guarded = Map.groupBy(of('user'), ({ spec }) => spec.permission);
    for (const [permission, methods] of guarded) {
      if (permission === undefined) continue;
      const rest = RIGHTS.map(({ name }) => name).filter((name) => name !== permission);
      const without = await api.operator(rest);
      expect(
        await wrongs(methods, async (one) => {
          const answer = await without.call(any(one), one.method === 'GET' ? undefined : {});
          return answer.status === 403 ? undefined : said(answer);
        }),
      ).toEqual([]);
    }
  });

  it('who holds only that one reads with it', async () => {
    const guarded = Map.groupBy(of('user', 'GET'), ({ spec }) => spec.permission);
    for (const [permission, methods] of guarded) {
      const holder = await api.operator(permission === undefined ? [] : [permission]);
      expect(
        await wrongs(methods, async (one) => {
          const { path } = (await placed(one, ann))!;
          const answer = await holder.call(`GET ${path}`);
          const empty = EMPTY.some((list) => short(one).replace(/\{\w+\}/g, '{}') === `${list}/{}`);
          return answer.status === 200 || saysElsewhere(answer) || empty ? undefined : said(answer);
        }),
      ).toEqual([]);
    }
  });

  it('who may see other clients only finds this one nowhere, whatever he holds', async () => {
    expect(
      await wrongs(of('user'), async (one) => {
        const { path, owned } = (await placed(one, ann))!;
        const body = bodyOf(one, ann);
        // Files go with tests of their own (photos, documents).
        if ((!owned && !namesClient(body, ann)) || one.spec.multipart) return undefined;
        const answer = await onlyBob.call(`${one.method} ${path}`, body);
        return saysNotThere(answer) ? undefined : said(answer);
      }),
    ).toEqual([]);
  });

  it('who may see other clients only sees none of this one in any list, but those he may', async () => {
    const lists = of('user', 'GET').filter((one) => isList(one) && !hasParams(one));
    expect(
      await wrongs(lists, async (one) => {
        if (!fieldsOf(one).includes('clientId')) return undefined;
        const ids = async (who: Caller) => new Set((await rowsOf(short(one), who)).map(({ clientId }) => clientId));
        const [all, seen] = [await ids(admin), await ids(onlyBob)];
        if (!all.has(ann.id) || !all.has(bob.id)) return 'nothing of the clients is there: seed it in two-clients.ts';
        if (!seen.has(bob.id)) return 'does not see what he may';
        return seen.has(ann.id) || seen.has(null) ? 'sees more than he may' : undefined;
      }),
    ).toEqual([]);
  });

  it('who may see other clients only is not told what a provider said of anybody', async () => {
    const [{ id }] = await api.sql('select id from webhook limit 1');
    expect((await admin.call(`GET /api/v2/webhooks/${id}`)).body.body).toContain('Canaryann');
    const said = (await onlyBob.call(`GET /api/v2/webhooks/${id}`)).body;
    expect(said).toMatchObject({ headers: {}, body: '*', reason: '*' });
    expect((await onlyBob.call('GET /api/v2/webhooks')).body.data).toMatchObject([{ id: Number(id), reason: '*' }]);
  });

  it('who must not see personal data does not find it by filters and sorts either', async () => {
    let tried = 0;
    const lists = of('user', 'GET').filter(isList);
    expect(
      await wrongs(lists, async (one) => {
        const { path } = (await placed(one, ann))!;
        const [open, hidden] = [await admin.call(`GET ${path}`), await masked.call(`GET ${path}`)];
        const rows = (open.body.data ?? []) as Row[];
        const hides = fieldsOf(one).filter((field) =>
          rows.some((row, n) => JSON.stringify(row[field]) !== JSON.stringify(hidden.body.data[n]?.[field])),
        );
        const { properties = {} } = z.toJSONSchema(one.spec.query ?? z.object({}), {
          io: 'input',
          unrepresentable: 'any',
        });
        const sorts = ((properties['sort_by'] as { enum?: string[] } | undefined)?.enum ?? []) as string[];
        const queries = hides.flatMap((field) => [
          ...(`filter[${field}]` in properties ? [[`filter[${field}]`, 'a']] : []),
          ...(sorts.includes(field) ? [['sort_by', field]] : []),
        ]);
        tried += queries.length;
        for (const [name, value] of queries as [string, string][]) {
          const answer = await masked.call(`GET ${path}?${name}=${value}`);
          if (answer.status !== 403 || answer.body.error.details[0].field !== name)
            return `${name}=${value}: ${said(answer)}`;
        }
        return undefined;
      }),
    ).toEqual([]);
    expect(tried).toBeGreaterThan(10);
  });

  it('who must not see personal data sees none', async () => {
    const telling: string[] = [];
    expect(
      await wrongs(of('user', 'GET'), async (one) => {
        const { path } = (await placed(one, ann))!;
        const [open, hidden] = [await admin.call(`GET ${path}`), await masked.call(`GET ${path}`)];
        if (PERSONAL.test(JSON.stringify(open.body))) telling.push(nameOf(one));
        const found = PERSONAL.exec(JSON.stringify(hidden.body));
        return found ? `shows ${found[0]}` : undefined;
      }),
    ).toEqual([]);
    expect(telling).toEqual(expect.arrayContaining(SHOW_PEOPLE));
  });
});

describe('whoever may', () => {
  it('but must not see personal data is shown none by what he changes', async () => {
    let tried = 0;
    expect(
      await wrongs(of('user', 'PUT').concat(of('user', 'PATCH')), async (one) => {
        const { path } = (await placed(one, carl))!;
        const answer = await masked.call(`${one.method} ${path}`, bodyOf(one, carl));
        if (answer.status < 300) tried += 1;
        const found = PERSONAL.exec(JSON.stringify(answer.body));
        return found ? `shows ${found[0]}` : undefined;
      }),
    ).toEqual([]);
    expect(tried).toBeGreaterThan(50);
  });

  // Last, and what deletes after all else: these calls may do what they say.
  it.each(['client', 'user'] as const)('is refused nowhere, and finds every object: %s', async (access) => {
    const [who, whose] = access === 'user' ? [admin, bob] : [ann, ann];
    const writes = of(access).filter(({ method, path }) => method !== 'GET' && !/\/signout(\/everywhere)?$/.test(path));
    const order = (one: Procedure): number => (one.method === 'DELETE' ? 1 : 0);
    const targets = await Promise.all(
      writes
        .toSorted((a, b) => order(a) - order(b) || b.path.length - a.path.length)
        .map(async (one) => [one, (await placed(one, whose))!] as const),
    );
    const at = new Map(targets);
    expect(
      await wrongs([...at.keys()], async (one) => {
        const { path, owned } = at.get(one)!;
        const body = bodyOf(one, whose);
        const answer = await who.call(`${one.method} ${path}`, body);
        if ([401, 403].includes(answer.status) && !saysMore(one, answer)) return said(answer);
        // Else it was not for their tags, or because it was another's, that others found nothing.
        const finds =
          one.method === 'DELETE' || !(owned || namesClient(body, whose)) || reasonOf(answer) !== 'not_found';
        return finds ? undefined : said(answer);
      }),
    ).toEqual([]);
  });
});

/** Let in, and then something outside of this process was not there. */
const saysElsewhere = (answer: Answer): boolean =>
  answer.status === 503 || ['rate_unavailable', 'unsupported', 'provider_misconfigured'].includes(reasonOf(answer));

/** Refused, but not for who calls. */
const saysMore = (one: Procedure, answer: Answer): boolean =>
  [...WANTS_PROOF, ...WANTS_ITS_AUTHOR].includes(nameOf(one)) ||
  ['own_request', 'restricted'].includes(reasonOf(answer));

/** Methods that show who a client is: were they not among those that told of him, the masks would not have been tried. */
const SHOW_PEOPLE = [
  ...['GET /clients', 'GET /clients/{clientId}', 'GET /applications', 'GET /transactions', 'GET /documents'],
  ...['GET /messages', 'GET /security/addresses', 'GET /clients/authorizations', 'GET /audit'],
  ...['GET /verifications/cases'],
];
