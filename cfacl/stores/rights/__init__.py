"""What a store's own rights come to, and how it lists them; needs no driver.

`hbase` and `cassandra` what their rights say of a policy's actions, and the other way round · `user_permission` and
`list_permissions` the listings that their shells print.
"""
