"""Tools: what the model may call, what comes back, and how a plain function becomes one."""

from nbagent.tools.tool import Effect, Tool, ToolContext, ToolResult, Toolset, as_tool, tool

__all__ = ["Effect", "Tool", "ToolContext", "ToolResult", "Toolset", "as_tool", "tool"]
