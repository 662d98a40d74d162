import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What the documents of the vendor in the templates would say: the routes of their sandboxes, filled in. Keys begin the instructions. */
const ANSWERS: Record<string, string> = {
  'client.ts, credentials': '({ authorization: `Bearer ${_ctx.config.apiKey}` })',
  'client.ts, errorIn':
    "((error) => (word(error['code']) ? { code: word(error['code']), text: word(error['message']) } : null))(objectOf(objectOf(_body)['error']))",
  'client.ts, isUnknown': "'not_found'",
  'webhook.ts, signature': "hmac('sha256', _secret, _body)",
  'webhook.ts, EVENTS':
    "{ 'deposit.updated': 'deposit', 'payout.updated': 'payout', 'applicant.updated': 'kyc', 'message.updated': 'message', 'check.updated': 'screening' }",
  'adapter.ts, NO_MONEY': "'no_money'",
  'adapter.ts, PATHS.payments': "'/payments'",
  'adapter.ts, PATHS.payouts': "'/payouts'",
  'adapter.ts, PATHS.refunds': "'/refunds'",
  'adapter.ts, PATHS.account': "'/account'",
  'adapter.ts, PATHS.accounts': "'/accounts'",
  'adapter.ts, PATHS.groups': "'/groups'",
  'adapter.ts, PATHS.applicants': "'/applicants'",
  'adapter.ts, PATHS.messages': "'/messages'",
  'adapter.ts, PATHS.checks': "'/checks'",
  'adapter.ts, PATHS.rates': "'/rates'",
  'adapter.ts, PATHS.verify': "'/verify'",
  'map.ts, DEPOSIT_WORDS':
    "{ open: 'awaiting_payer', pending: 'processing', approval: 'processing', done: 'succeeded', declined: 'failed', no_funds: 'failed', blocked: 'processing', expired: 'expired' }",
  'map.ts, PAYOUT_WORDS':
    "{ pending: 'processing', approval: 'awaiting_approval', done: 'succeeded', declined: 'failed', no_funds: 'failed', blocked: 'failed', returned: 'returned' }",
  'map.ts, ACCESS': "{ full: 'FULL', read_only: 'READ_ONLY', disabled: 'OFF' }",
  'map.ts, OPERATIONS': "{ deposit: 'IN', withdraw: 'OUT', correction: 'IN' }",
  'map.ts, WORDS':
    "{ first: 'awaiting_client', submit: 'checking', green: 'approved', red_retry: 'retry', red_final: 'rejected', hold: 'on_hold' }",
  'messaging map.ts, WORDS': "{ first: 'accepted', deliver: 'delivered', fail: 'failed' }",
  'screening map.ts, WORDS': "{ first: 'pending', clear: 'clear', hold: 'hold', reject: 'reject' }",
  'captcha map.ts, WORDS': '{ PASSED: true, FAILED: false }',
  // Every state is its own word.
  'sandbox.ts, WORDS': 'new Proxy({}, { get: (_, state) => state })',
  'sandbox.ts, conformance.calls': `{
    testConnection: { method: 'GET', path: '/account' }, createDeposit: { method: 'POST', path: '/payments' },
    findDeposit: { method: 'GET', path: '/payments' }, createPayout: { method: 'POST', path: '/payouts' }, findPayout: { method: 'GET', path: '/payouts' },
    createRefund: { method: 'POST', path: '/refunds' }, findRefund: { method: 'GET', path: '/refunds' }, begin: { method: 'POST', path: '/applicants' },
    find: { method: 'GET', path: '/applicants' }, send: { method: 'POST', path: '/messages' }, quotes: { method: 'GET', path: '/rates' },
    check: { method: 'POST', path: '/verify' }, screen: { method: 'POST', path: '/checks' }, createAccount: { method: 'POST', path: '/accounts' },
    getAccount: { method: 'GET', path: '/accounts/' }, applyBalance: { method: 'POST', path: '/accounts/' },
    findBalanceOperation: { method: 'GET', path: '/accounts/' } }`,
};
/** Where categories give one thing different names. */
const EXCEPTIONS: Record<string, readonly (readonly [string, string])[]> = {
  messaging: [["find: { method: 'GET', path: '/applicants' }", "find: { method: 'GET', path: '/messages' }"]],
  screening: [["find: { method: 'GET', path: '/applicants' }", "find: { method: 'GET', path: '/checks' }"]],
  rates: [["testConnection: { method: 'GET', path: '/account' }", "testConnection: { method: 'GET', path: '/rates' }"]],
  trading: [
    ["testConnection: { method: 'GET', path: '/account' }", "testConnection: { method: 'GET', path: '/me' }"],
    ["account: () => '/account'", "account: () => '/me'"],
  ],
};
const IMPORTS: Record<string, string> = {
  'client.ts': "import { objectOf, word } from '../../kit/json.ts';\n",
  'webhook.ts': "import { hmac } from '../../kit/signing.ts';\n",
};

/** Fills in a fresh adapter, as its author would. */
export const fillAll = (category: string, folder: string): void => {
  for (const file of globSync('*.ts', { cwd: folder })) {
    const path = join(folder, file);
    const filled = readFileSync(path, 'utf8')
      .replace(/import \{ fillIn.*\n/, '')
      .replace(/fillIn(?:Table)?\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1,?\s*\)/g, (_, _quote, what: string) => {
        const key = what.slice(0, what.indexOf(':'));
        const answer = ANSWERS[`${category} ${key}`] ?? ANSWERS[key];
        if (answer === undefined) throw new Error(`nobody knows ${key}`);
        return answer;
      });
    const text = (EXCEPTIONS[category] ?? []).reduce((said, [from, to]) => said.replace(from, to), filled);
    writeFileSync(path, (IMPORTS[basename(file)] ?? '') + text);
  }
};
