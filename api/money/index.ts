import { messageProcedures } from '../back-office/messages/messages.ts';
import type { Procedure } from '../kit/procedure.ts';
import { correctionProcedure } from './accounts/corrections.ts';
import { accountProcedures } from './accounts/procedures.ts';
import { orderProcedures } from './back-office/orders.ts';
import { requestProcedures } from './back-office/requests.ts';
import { resumeProcedure } from './back-office/resume.ts';
import { settleProcedure } from './back-office/settle.ts';
import { refundProcedure, transactionProcedures } from './back-office/transactions.ts';
import { depositProcedures } from './front-office/deposits.ts';
import { transferProcedures } from './front-office/transfers.ts';
import { changeProcedures } from '../trading/change-procedures.ts';
import { changeListProcedures } from '../trading/changes.ts';
import { passwordProcedures } from '../trading/password-procedures.ts';
import { readProcedures } from '../trading/read-procedures.ts';
import { wizardProcedures } from '../kyc/wizard.ts';
import { differenceProcedures } from '../reconciliation/differences.ts';
import { reconciliationProcedures } from '../reconciliation/reconciliations.ts';
import { webhookProcedures } from '../webhooks/procedures.ts';
import { type MoneyDeps, MoneyHub } from './hub.ts';

/** Every method that changes money or steers runs. */
export const moneyProcedures = (deps: MoneyDeps): Procedure[] => {
  const hub = new MoneyHub(deps);
  return [
    ...orderProcedures(hub),
    ...transactionProcedures(hub),
    refundProcedure(hub),
    settleProcedure(hub),
    resumeProcedure(hub),
    ...requestProcedures(hub),
    ...accountProcedures(hub),
    correctionProcedure(hub),
    ...changeProcedures(hub),
    ...changeListProcedures(hub),
    ...passwordProcedures(hub),
    ...readProcedures(hub),
    ...depositProcedures(hub),
    ...transferProcedures(hub),
    ...wizardProcedures(hub),
    ...messageProcedures(hub),
    ...reconciliationProcedures(hub),
    ...differenceProcedures(hub),
    ...webhookProcedures(deps),
  ];
};
