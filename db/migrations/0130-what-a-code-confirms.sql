-- What the message with a code may say of what it confirms. Texts that are there stay as they are: workers and APIs of before fill in fewer parameters while they are replaced.
update message_type
   set parameters = parameters || '[{"name": "procedure", "caption": "Type of the wizard", "example": "withdrawals"},
                                    {"name": "amount", "caption": "Amount", "example": "250.00"},
                                    {"name": "currency", "caption": "Currency", "example": "USD"},
                                    {"name": "to", "caption": "Where the money goes", "example": "TXYZ7vWcN3pLr5aQm2dHk8sFb1uJe4gT6x"}]'
 where name = 'confirmChange' and not parameters @> '[{"name": "procedure"}]';
