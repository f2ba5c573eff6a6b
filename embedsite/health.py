"""`/health/` for load balancers and the runner: JSON, 200 when all works, else 503."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, JsonResponse
from health_check.base import HealthCheck
from health_check.exceptions import ServiceUnavailable
from health_check.views import HealthCheckView

from embedsite import status


@dataclass
class Check(HealthCheck):  # type: ignore[misc]
    """Runs one check of `status` as a health check, on the request's own connection."""

    name: str

    async def run(self) -> None:
        try:
            await sync_to_async(getattr(status, self.name))()
        except status.PartDownError as error:
            raise ServiceUnavailable(str(error)) from error


class Health(HealthCheckView):  # type: ignore[misc]
    """`{"database": "OK", "broker": "OK", "worker": "none runs; ...", "model": "OK"}`."""

    checks = [(Check, {"name": name}) for name in ("database", "broker", "worker", "model")]

    async def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        results = [await check.get_result() for check in self.get_checks()]
        failed = any(result.error for result in results)
        return JsonResponse(
            {r.check.name: r.error.message if r.error else "OK" for r in results},
            status=HTTPStatus.SERVICE_UNAVAILABLE if failed else HTTPStatus.OK,
        )
