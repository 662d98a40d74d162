import { accounts } from './back-office/lists/accounts.ts';
import { applications } from './back-office/lists/applications.ts';
import { transactions } from './back-office/lists/transactions.ts';
import { addresses } from './back-office/clients/addresses.ts';
import { clientTypes, myClientTypes } from './back-office/clients/client-types.ts';
import { audit } from './back-office/audit/audit.ts';
import { authorizations, myAuthorizations } from './back-office/clients/authorizations.ts';
import { clientSessionProcedures } from './back-office/clients/client-sessions.ts';
import { clients } from './back-office/clients/client-lists.ts';
import { factorChanges, myFactorChanges } from './back-office/clients/factor-changes.ts';
import { myPasswordChanges, passwordChanges } from './back-office/clients/password-changes.ts';
import { clientWriteProcedures } from './back-office/clients/client-writes.ts';
import { countries, myCountries } from './back-office/clients/countries.ts';
import { devices, myDeviceProcedures, myDevices } from './back-office/clients/devices.ts';
import { internalTypes } from './back-office/clients/internal-types.ts';
import { jurisdictions } from './back-office/clients/jurisdictions.ts';
import { managers } from './back-office/clients/managers.ts';
import { clientNotes } from './back-office/clients/notes.ts';
import { clientPermissionProcedures } from './back-office/clients/permissions.ts';
import { phones } from './back-office/clients/phones.ts';
import { profileChanges } from './back-office/clients/profile-changes.ts';
import { connectionProcedures } from './back-office/connections/connections.ts';
import { templateProcedures } from './back-office/messages/template-procedures.ts';
import { methodProcedures } from './back-office/methods/index.ts';
import { platforms } from './back-office/products/platforms.ts';
import { productCurrencies } from './back-office/products/product-currencies.ts';
import { productGroups } from './back-office/products/product-groups.ts';
import { products } from './back-office/products/products.ts';
import { currencyAliases } from './back-office/rates/aliases.ts';
import { currencyPairs } from './back-office/rates/pairs.ts';
import { rateQuotes } from './back-office/rates/quotes.ts';
import { rateProviders } from './back-office/rates/rate-providers.ts';
import { rateProcedures } from './back-office/rates/rates.ts';
import { approvalPolicies } from './back-office/resources/approval-policies.ts';
import { currencies } from './back-office/resources/currencies.ts';
import { groupRightsProcedures } from './back-office/resources/group-rights.ts';
import { groups } from './back-office/resources/groups.ts';
import { resolutionTypes, resolutions } from './back-office/resources/resolutions.ts';
import { tags } from './back-office/resources/tags.ts';
import { transactionTypes } from './back-office/resources/transaction-types.ts';
import { userSignInProcedures } from './back-office/resources/user-sign-in.ts';
import { users } from './back-office/resources/users.ts';
import { clientRoles } from './back-office/verification/client-roles.ts';
import { levelRestrictions, verificationLevels } from './back-office/verification/levels.ts';
import { documentGroups, documentTypes } from './back-office/verification/document-kinds.ts';
import { blockedClients, unblockProcedures } from './back-office/security/blocked-clients.ts';
import { securityPolicies } from './back-office/security/policies.ts';
import { brokerSettingProcedures } from './back-office/settings/settings.ts';
import { clientTokenProcedures } from './back-office/sign-in/client-token.ts';
import { myFactorProcedures } from './back-office/sign-in/my-factor.ts';
import { signInProcedures } from './back-office/sign-in/sign-in.ts';
import { wizardDefinitions } from './back-office/wizards/definitions.ts';
import { wizardRuns } from './back-office/wizards/runs.ts';
import type { ApiDeps } from './deps.ts';
import { myAccounts } from './front-office/accounts.ts';
import { mobileSettingsProcedures } from './front-office/mobile-settings.ts';
import { myMethods } from './front-office/methods.ts';
import { myProducts } from './front-office/products.ts';
import { myRateProcedures } from './front-office/rates.ts';
import { myRequests } from './front-office/requests.ts';
import { myTransactions } from './front-office/transactions.ts';
import type { Procedure } from './kit/procedure.ts';
import { documentProcedures } from './kyc/document-procedures.ts';
import { myLevelProcedures } from './kyc/my-levels.ts';
import { verificationCases } from './kyc/case-list.ts';
import { myVerifications, verifications } from './kyc/records.ts';
import { photoProcedures } from './photos/procedures.ts';
import { serviceProcedures } from './service.ts';

const RESOURCES = [
  currencies,
  currencyAliases,
  currencyPairs,
  rateProviders,
  rateQuotes,
  resolutionTypes,
  resolutions,
  groups,
  users,
  tags,
  transactionTypes,
  approvalPolicies,
  securityPolicies,
  blockedClients,
  audit,
  authorizations,
  myAuthorizations,
  factorChanges,
  myFactorChanges,
  passwordChanges,
  myPasswordChanges,
  clients,
  clientTypes,
  myClientTypes,
  internalTypes,
  countries,
  myCountries,
  phones,
  addresses,
  managers,
  jurisdictions,
  clientNotes,
  devices,
  myDevices,
  profileChanges,
  accounts,
  transactions,
  applications,
  wizardRuns,
  wizardDefinitions,
  documentGroups,
  documentTypes,
  clientRoles,
  verificationLevels,
  levelRestrictions,
  // Before the levels clients were given: '/verifications/cases' is none of them.
  verificationCases,
  verifications,
  myVerifications,
  platforms,
  // Before the products: '/products/groups' is no product.
  productGroups,
  products,
  productCurrencies,
  myAccounts,
  ...myProducts,
  myTransactions,
  myRequests,
  ...myMethods,
];

/** Every method that needs no workflow. */
export const coreProcedures = (deps: ApiDeps): Procedure[] => [
  ...serviceProcedures(deps),
  ...signInProcedures(deps),
  ...myFactorProcedures(deps),
  ...userSignInProcedures(deps),
  ...clientTokenProcedures(deps),
  ...clientSessionProcedures(deps),
  ...clientWriteProcedures(deps),
  ...clientPermissionProcedures(deps),
  ...myDeviceProcedures(deps),
  ...connectionProcedures(deps),
  ...methodProcedures(deps),
  ...documentProcedures(deps),
  ...photoProcedures(deps),
  ...myLevelProcedures(deps),
  ...templateProcedures(deps),
  ...rateProcedures(deps),
  ...myRateProcedures(deps),
  ...brokerSettingProcedures(deps),
  ...unblockProcedures(deps),
  ...groupRightsProcedures(deps),
  ...mobileSettingsProcedures(deps),
  ...RESOURCES.flatMap((declared) => declared(deps)),
];
