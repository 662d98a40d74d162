/**
 * SQL: what a client owes after payments of his were taken back and his wallet did not cover it, less what corrections have collected since, as rows of `currency` (alphabetic code), `amount` and the
 * `deposits` it comes from. `clientId`: an expression for the client's id.
 */
export const debtsOf = (clientId: string): string => `
  select cur.alphabetic_code as currency, trim_scale(sum(owed.amount))::text as amount, array_agg(owed.deposit order by owed.deposit) as deposits
    from (select d.transaction_id as deposit, acc.currency, sum(r.from_suspense) - (
                   select coalesce(sum(case when m.debit_account_id is null then -m.amount else m.amount end), 0)
                     from correction k join money_transaction m on m.transaction_id = k.transaction_id
                    where k.settles = d.transaction_id and k.against like 'house:suspense:%' and m.stage = 'done') as amount
            from deposit_reversal r join money_transaction d on d.transaction_id = r.transaction_id join account acc on acc.account_id = d.credit_account_id
           where d.client_id = ${clientId} and r.booked
           group by d.transaction_id, acc.currency) owed
    join currency cur on cur.numeric_code = owed.currency
   where owed.amount > 0 group by cur.alphabetic_code order by cur.alphabetic_code`;
