/** The four columns of the Back Office: View, Create, Update, Delete. */
export const RIGHT_ACTIONS = ['read', 'create', 'update', 'delete'] as const;

/** What groups of users may be given, as the Back Office's menu orders it. Every resource has the four actions; some have more. */
const SECTIONS: Record<string, readonly string[]> = {
  Clients: [
    ...['clients', 'clientTypes', 'clientPermissions', 'clientRoles', 'tags', 'addresses', 'phones', 'devices'],
    ...['photos', 'passwords', 'managers', 'jurisdictions', 'clientNotes'],
  ],
  Finance: [
    ...['accounts', 'transactions', 'transactionTypes', 'deposits', 'withdrawals', 'transfers', 'exchanges'],
    ...['depositMethods', 'withdrawalMethods', 'withdrawalTemplates', 'whitelist', 'reconciliation', 'monitoring'],
  ],
  Requests: ['requests', 'resolutions', 'approvalPolicies'],
  Currencies: ['currencies', 'currencyPairs', 'rates'],
  Products: ['products', 'productGroups', 'platforms'],
  Verification: [
    ...['verifications', 'verificationLevels', 'documents', 'documentTypes', 'documentGroups'],
    ...['quizzes', 'quizQuestions', 'quizAnswers'],
  ],
  Promotion: ['bonuses', 'bonusPresets', 'banners', 'services', 'subscriptions'],
  System: [
    ...['connections', 'settings', 'wizards', 'wizardRuns', 'messages', 'templates', 'storage', 'confirmations'],
    ...['countries', 'localizations', 'menus', 'widgets', 'users', 'groups', 'notifications', 'payloads'],
  ],
  Security: ['policies', 'blockedClients', 'audit'],
};

/** Beside the four. */
const SPECIAL: Record<string, readonly string[]> = {
  accounts: ['password', 'correct'],
  deposits: ['refund'],
  notifications: ['readAll'],
  wizardRuns: ['confirm'],
};

export interface Right {
  section: string;
  resource: string;
  action: string;
  /** 'accounts.create' */
  name: string;
}

export const RIGHTS: readonly Right[] = Object.entries(SECTIONS).flatMap(([section, resources]) =>
  resources.flatMap((resource) =>
    [...RIGHT_ACTIONS, ...(SPECIAL[resource] ?? [])].map((action) => ({
      ...{ section, resource, action },
      name: `${resource}.${action}`,
    })),
  ),
);

const NAMES: ReadonlySet<string> = new Set(RIGHTS.map(({ name }) => name));

/** '*' is all of them. */
export const isRight = (name: string): boolean => name === '*' || NAMES.has(name);
