"""Approvals: submissions that freeze content, votes by four eyes, and the gate."""
