-- A payment that was called failed is registered anew when it comes after all; of later deposits its key is freed when they end.
update money_transaction set arrival = null
 where stage = 'failed' and arrival is not null and why = 'The provider cancelled the payment.';
