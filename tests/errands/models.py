"""An errand: nothing but its state."""

from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel

from .workflow import ErrandWorkflow, Status


class Errand(ErrandWorkflow, WorkflowModel):
    status = StatusField(Status)
    history = WorkflowHistory()
